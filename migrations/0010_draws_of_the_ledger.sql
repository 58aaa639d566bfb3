-- What the ledger tells of draws themselves: two events a draw, found when its row comes
-- after them, or is made anew after a fork.
CREATE INDEX game_events_by_draw ON game_events (draw)
    WHERE item = 0 AND kind IN ('draw_requested', 'draw_revealed', 'draw_aborted');

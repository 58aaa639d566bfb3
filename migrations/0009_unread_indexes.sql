-- Indexes that no statement reads: houses, with their treasuries, jackpots and lanes, are so
-- few that reading all of them is as quick, and a lane's draws are found by their games.
DROP INDEX treasuries_by_house;
DROP INDEX jackpots_by_house;
DROP INDEX lanes_by_house;
DROP INDEX draws_by_lane;

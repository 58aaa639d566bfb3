use std::time::Instant;

use super::Pool;

impl Pool {
    /// The endpoint to subscribe with, and its WebSocket URL: of the fittest, of the next
    /// with every attempt; of those that rest only where all do. `None` where no endpoint
    /// serves any.
    pub fn websocket(&self, attempt: usize) -> Option<(usize, &str)> {
        let now = Instant::now();
        let ranked = self.ranked().into_iter().filter_map(|index| {
            let endpoint = self.endpoints.get(index)?;
            let url = endpoint.url.ws.as_deref()?;
            Some((endpoint.health().is_resting(now), (index, url)))
        });
        let (resting, rested): (Vec<_>, Vec<_>) = ranked.partition(|(rests, _)| *rests);
        let urls = if rested.is_empty() { resting } else { rested };
        let next = attempt.checked_rem(urls.len())?;
        urls.get(next).map(|(_, found)| *found)
    }
}

"""The embedded AWS itself: who calls, what may be done, time, and what AWS does by itself meanwhile."""

"""The threads of a world end, whatever their locks are held over."""

from tests.worlds.turns import Turns, TurnsLock


def test_who_waits_for_a_lock_lets_its_holder_go_on() -> None:
    """A message that stays is recorded under the lock of the park, and each record is a step of the world."""
    for seed in range(20):
        turns = Turns(seed)
        held: list[int] = []
        lock = TurnsLock(turns)

        def work(turns: Turns = turns, lock: TurnsLock = lock, held: list[int] = held) -> None:
            for _ in range(3):
                with lock:
                    held.append(len(held))
                    turns.change()

        turns.join()
        threads = [turns.start(work) for _ in range(3)]
        while turns.others():
            turns.change()
        turns.leave()
        for thread in threads:
            thread.join()
        assert len(held) == 9

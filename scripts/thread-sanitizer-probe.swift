// Counts under a lock, which is no data race: see scripts/sanitize.
import Dispatch
import Synchronization

let sum = Mutex(0)
DispatchQueue.concurrentPerform(iterations: 4) { _ in
  for _ in 0..<400_000 { sum.withLock { $0 += 1 } }
}
print(sum.withLock { $0 })

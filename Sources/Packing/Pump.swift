import Dispatch
import Synchronization
public import TensorModel

/// Runs numbered items on several threads, in bounded memory: at most one item per thread is under way.
///
/// The first failure in item order ends the run and is thrown, whatever the number of threads; later items may have been
/// worked on, but not committed behind it.
public enum Pump {
  /// Does `work` for every item on one of `threads` workers, each with its own state from `makeWorker`.
  public static func run<Worker>(
    items: Int, threads: Int, makeWorker: @Sendable () throws(ModelError) -> Worker,
    work: @Sendable (borrowing Worker, Int) throws(ModelError) -> Void
  ) throws(ModelError) {
    try run(items: items, threads: threads, makeWorker: makeWorker) { (worker, item, _) throws(ModelError) in
      try work(worker, item)
    }
  }

  /// The same, and then `commit` in the order of the items, one at a time, on the thread that did the work, then
  /// `finish`, again beside other workers.
  public static func run<Worker>(
    items: Int, threads: Int, makeWorker: @Sendable () throws(ModelError) -> Worker,
    work: @Sendable (borrowing Worker, Int) throws(ModelError) -> Void,
    commit: @Sendable (borrowing Worker, Int) throws(ModelError) -> Void,
    finish: @Sendable (borrowing Worker, Int) throws(ModelError) -> Void = { (_, _) throws(ModelError) in }
  ) throws(ModelError) {
    try run(items: items, threads: threads, makeWorker: makeWorker) { (worker, item, line) throws(ModelError) in
      try work(worker, item)
      guard line.waitForTurn(item) else { return }
      try commit(worker, item)
      line.advance()
      try finish(worker, item)
    }
  }

  private static func run<Worker>(
    items: Int, threads: Int, makeWorker: @Sendable () throws(ModelError) -> Worker,
    each: @Sendable (borrowing Worker, Int, Line) throws(ModelError) -> Void
  ) throws(ModelError) {
    let line = Line()
    @Sendable func loop() {
      // A worker that can't be made fails in front of every item.
      var item = -1
      do throws(ModelError) {
        let worker = try makeWorker()
        while let next = line.claim(below: items) {
          item = next
          try each(worker, item, line)
        }
      } catch {
        line.fail(error, at: item)
      }
    }
    let count = max(1, min(threads, items))
    if count == 1 { loop() } else { DispatchQueue.concurrentPerform(iterations: count) { _ in loop() } }
    if let failure = line.failure { throw failure }
  }

  /// The line in which workers take items and wait to commit them.
  private final class Line: Sendable {
    private let next = Atomic<Int>(0)
    /// The item that may commit.
    private let turn = Atomic<Int>(0)
    /// Workers that sleep, or are about to.
    private let sleepers = Atomic<Int>(0)
    private let changed = Condition()
    /// The first item that failed. Those before it were claimed earlier, so they are still done and committed.
    private let firstFailed = Atomic<Int>(.max)
    private let firstFailure = Mutex<ModelError?>(nil)

    var failure: ModelError? { firstFailure.withLock { $0 } }

    func claim(below count: Int) -> Int? {
      guard firstFailed.load(ordering: .relaxed) == .max else { return nil }
      let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
      return item < count ? item : nil
    }

    /// Waits until all items before `item` are committed; false where one of them failed.
    ///
    /// Small items follow each other within microseconds, and putting a thread to sleep takes longer than most of
    /// them: so it looks for a while before it sleeps.
    func waitForTurn(_ item: Int) -> Bool {
      for _ in 0..<Self.looks {
        if let answer = answer(item) { return answer }
      }
      sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
      defer { sleepers.wrappingSubtract(1, ordering: .relaxed) }
      return changed.wait { answer(item) }
    }

    /// Some 50 µs' worth of looks, longer than it takes to wake a sleeper: else two workers with small items would put
    /// each other to sleep at every turn.
    private static let looks = 50_000

    private func answer(_ item: Int) -> Bool? {
      if turn.load(ordering: .sequentiallyConsistent) == item { return true }
      return firstFailed.load(ordering: .sequentiallyConsistent) < item ? false : nil
    }

    func advance() {
      turn.wrappingAdd(1, ordering: .sequentiallyConsistent)
      wake()
    }

    func fail(_ error: ModelError, at item: Int) {
      firstFailure.withLock { failure in
        guard item < firstFailed.load(ordering: .relaxed) else { return }
        failure = error
        firstFailed.store(item, ordering: .sequentiallyConsistent)
      }
      wake()
    }

    /// A worker that began to sleep too late to be seen here sees what has changed.
    private func wake() {
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { changed.signalAll() }
    }
  }
}

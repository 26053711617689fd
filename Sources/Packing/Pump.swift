import Dispatch
import Synchronization
public import TensorModel

/// Runs numbered items on several threads and commits their results in order, in bounded memory: at most one item per
/// thread is under way.
public enum Pump {
  /// Does `work` for every item on one of `threads` workers, each with its own state from `makeWorker`, then `commit` in
  /// the order of the items, one at a time, on the thread that did the work, then `finish`, again beside other workers.
  ///
  /// The first failure in item order ends the run and is thrown, whatever the number of threads; later items may have been
  /// worked on but are not committed.
  public static func run<Worker>(
    items: Int, threads: Int, makeWorker: @Sendable () throws(ModelError) -> Worker,
    work: @Sendable (borrowing Worker, Int) throws(ModelError) -> Void,
    commit: @Sendable (borrowing Worker, Int) throws(ModelError) -> Void = { (_, _) throws(ModelError) in },
    finish: @Sendable (borrowing Worker, Int) throws(ModelError) -> Void = { (_, _) throws(ModelError) in }
  ) throws(ModelError) {
    let line = Line()
    @Sendable func loop() {
      do throws(ModelError) {
        let worker = try makeWorker()
        while let item = line.claim(below: items) {
          do throws(ModelError) {
            try work(worker, item)
          } catch {
            if line.waitForTurn(item) { line.fail(error) }
            return
          }
          guard line.waitForTurn(item) else { return }
          do throws(ModelError) {
            try commit(worker, item)
            line.advance()
            try finish(worker, item)
          } catch {
            line.fail(error)
            return
          }
        }
      } catch {
        line.fail(error)
      }
    }
    let count = max(1, min(threads, items))
    if count == 1 { loop() } else { DispatchQueue.concurrentPerform(iterations: count) { _ in loop() } }
    if let failure = line.failure { throw failure }
  }

  /// The line in which workers wait to commit.
  private final class Line: Sendable {
    private struct State {
      var turn = 0
      var failure: ModelError?
    }
    private let next = Atomic<Int>(0)
    private let state = Mutex(State())
    private let changed = Condition()

    func claim(below count: Int) -> Int? {
      let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
      return item < count && failure == nil ? item : nil
    }

    /// Waits until all items before `item` are committed; false where one of them failed.
    func waitForTurn(_ item: Int) -> Bool {
      changed.wait {
        state.withLock { $0.failure != nil ? false : $0.turn == item ? true : nil }
      }
    }

    func advance() {
      state.withLock { $0.turn += 1 }
      changed.signalAll()
    }

    func fail(_ error: ModelError) {
      state.withLock { if $0.failure == nil { $0.failure = error } }
      changed.signalAll()
    }

    var failure: ModelError? { state.withLock { $0.failure } }
  }
}

internal import Foundation
internal import Packing
internal import Synchronization
internal import TensorModel
internal import Testing

/// Workers that share items and take turns.
struct PumpTests {
  @Test(arguments: [1, 2, 5])
  func everyItemIsCommittedOnceAndInOrder(threads: Int) throws {
    let committed = Mutex<[Int]>([])
    let finished = Atomic<Int>(0)
    try Pump.run(items: 20_000, threads: threads) { () throws(ModelError) in
      Box()
    } work: { (box, item) throws(ModelError) in
      box.item = item
    } commit: { (box, item) throws(ModelError) in
      committed.withLock { $0.append(box.item) }
    } finish: { (box, item) throws(ModelError) in
      if box.item == item { finished.wrappingAdd(1, ordering: .relaxed) }
    }
    #expect(committed.withLock { $0 } == Array(0..<20_000))
    #expect(finished.load(ordering: .relaxed) == 20_000)
  }

  @Test(arguments: [1, 2, 5])
  func everyItemIsDoneOnceWhereNobodyCommits(threads: Int) throws {
    let done = Mutex([Int](repeating: 0, count: 20_000))
    try Pump.run(items: 20_000, threads: threads) { () throws(ModelError) in
      Box()
    } work: { (_, item) throws(ModelError) in
      done.withLock { $0[item] += 1 }
    }
    #expect(done.withLock { $0.allSatisfy { $0 == 1 } })
  }

  enum Stage: CaseIterable { case work, commit, finish }

  /// Many items fail; a slow one makes later ones fail before it, or fails itself behind an earlier one.
  @Test(arguments: Stage.allCases, [(1, 100), (2, 100), (5, 100), (2, 101), (5, 101)])
  func theFirstFailureInItemOrderIsThrown(stage: Stage, run: (threads: Int, slowItem: Int)) throws {
    @Sendable func fail(_ item: Int, at now: Stage) throws(ModelError) {
      guard stage == now, item >= 100 else { return }
      if item == run.slowItem { Thread.sleep(forTimeInterval: 0.02) }
      throw ModelError(.malformed, "item \(item)")
    }
    let isNextBegun = Atomic<Bool>(false)
    let committed = Mutex<[Int]>([])
    let error = #expect(throws: ModelError.self) {
      try Pump.run(items: 20_000, threads: run.threads) { () throws(ModelError) in
        Box()
      } work: { (_, item) throws(ModelError) in
        if item == 101 { isNextBegun.store(true, ordering: .relaxed) }
        // Until another worker has the next item; not for ever, since there may be no other thread.
        for _ in 0..<200 where item == 100 && run.threads > 1 && !isNextBegun.load(ordering: .relaxed) {
          Thread.sleep(forTimeInterval: 0.001)
        }
        try fail(item, at: .work)
      } commit: { (_, item) throws(ModelError) in
        try fail(item, at: .commit)
        committed.withLock { $0.append(item) }
      } finish: { (_, item) throws(ModelError) in
        try fail(item, at: .finish)
      }
    }
    #expect(error?.message == "item 100")
    let order = committed.withLock { $0 }
    #expect(order == Array(0..<order.count) && order.count >= 100)
    if stage != .finish { #expect(order.count == 100) }
  }
}

private final class Box {
  var item = -1
}

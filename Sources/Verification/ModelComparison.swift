public import Containers
import Kernels
import Packing
import Synchronization
public import TensorModel

/// Proves that two models hold the same tensors, or says where they do not and how far they are apart.
///
/// A model is the names, dtypes, shapes and elements of its tensors; their order, the files that they lie in, the
/// container and the metadata are not part of it. Two tensors of the same name but another shape are different, whatever
/// the tolerance; those of another dtype are under `Tolerance.exact`.
public struct ModelComparison: Sendable {
  public var tolerance = Tolerance.exact
  public var threads = 1
  /// Which tensors are compared, by their names in A; of those that B alone has, by those in B.
  public var includes: @Sendable (String) -> Bool = { _ in true }
  /// What the tensors of A are called in B, each rule applied to what the one before made.
  public var renaming: [RenameRule] = []
  /// Told how many bytes are done, and of how many; calls come one at a time, in order.
  public var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

  public init() {}

  /// Reads both models once, at most one chunk of each per thread in memory. Ranges that both containers know to be a
  /// repeated block take constant time. What is without a partner is looked for by its bits under other names, where
  /// dtype and shape leave a choice. Of a tensor that differs, ranges that are the same are read again for its sums.
  ///
  /// A tensor that cannot be read is reported with its reason, and the others are compared.
  /// - Throws: `usage` where there are tensors, but `includes` lets none through, or where the renaming does not fit.
  public func run(_ a: any ContainerReader, _ b: any ContainerReader) throws(ModelError) -> ComparisonReport {
    let matching = try TensorMatching(a.catalog, b.catalog, renaming, includes: includes)
    var report = ComparisonReport(
      a: OperandSummary(a), b: OperandSummary(b), tolerance: tolerance)
    report.onlyInA = matching.onlyInA.map(a.catalog.label(of:))
    report.onlyInB = matching.onlyInB.map(b.catalog.label(of:))
    report.metadataDifferences = MetadataDifference.between(a.catalog.metadata, b.catalog.metadata)
    let found = try ContentSearch(matching, a, b).run(threads: threads)
    // Pairs that were found by a hash are proved by comparing them with the others.
    let results = try compare(matching.pairs + found, a, b)
    report.tensors = Array(results[..<matching.pairs.count])
    report.renamed = zip(found, results[matching.pairs.count...]).filter { $0.1.verdict == .identical }.map {
      (a.catalog.label(of: $0.0.a), b.catalog.label(of: $0.0.b))
    }
    let isEmpty = report.tensors.isEmpty && report.onlyInA.isEmpty && report.onlyInB.isEmpty
    guard !isEmpty || a.catalog.tensors.isEmpty && b.catalog.tensors.isEmpty else {
      throw ModelError(.usage, "no tensor of either model is selected")
    }
    return report
  }

  private func compare(
    _ pairs: [(a: Int, b: Int)], _ a: any ContainerReader, _ b: any ContainerReader
  ) throws(ModelError) -> [TensorComparison] {
    var results = pairs.map { pair in
      TensorComparison(
        a: a.catalog.tensors[pair.a].info, b: b.catalog.tensors[pair.b].info,
        file: a.catalog.files.count > 1 ? a.catalog.file(of: pair.a) : nil, tolerance: tolerance)
    }
    let toRead = compareRepeated(pairs, a, b, &results)
    let grids = try toRead.map { (place) throws(ModelError) in try results[place].grid(in: a, pairs[place].a) }
    let chunks = try ChunkList(grids)
    let total = toRead.reduce(0) { $0 &+ results[$1].a.byteCount }
    let state = Mutex(State(results: results, done: 0))

    try Pump.run(items: chunks.count, threads: threads) { () throws(ModelError) in
      ComparisonWorker(a, b, tolerance)
    } work: { worker, item throws(ModelError) in
      let (place, bytes) = chunks.chunk(item)
      worker.compare(pairs[toRead[place]], bytes)
    } commit: { worker, item throws(ModelError) in
      let (place, bytes) = chunks.chunk(item)
      let done = state.withLock { $0.add(worker.outcome, bytes, to: toRead[place], item) }
      progress(done, total)
    }
    return try measureSame(pairs, chunks, toRead, a, b, state.withLock { $0 }, total)
  }

  private struct State {
    var results: [TensorComparison]
    var done: Int
    /// Chunks with the same bits on both sides, in order.
    var same: [Int] = []

    mutating func add(_ outcome: RangeOutcome, _ bytes: Range<Int>, to place: Int, _ item: Int) -> Int {
      results[place].add(outcome)
      if results[place].mode == .bits, outcome.differingBits == 0, outcome.failure == nil { same.append(item) }
      done &+= bytes.count
      return done
    }
  }

  /// Adds the chunks with the same bits to the sums of those tensors that differ elsewhere.
  private func measureSame(
    _ pairs: [(a: Int, b: Int)], _ chunks: ChunkList, _ toRead: [Int], _ a: any ContainerReader,
    _ b: any ContainerReader, _ state: State, _ total: Int
  ) throws(ModelError) -> [TensorComparison] {
    func place(_ item: Int) -> Int { toRead[chunks.chunk(item).grid] }
    let items = state.same.filter { state.results[place($0)].isMeasured && !state.results[place($0)].hasSameBits }
    let total = items.reduce(total) { $0 &+ chunks.chunk($1).bytes.count }
    let measured = Mutex(state)
    try Pump.run(items: items.count, threads: threads) { () throws(ModelError) in
      ComparisonWorker(a, b, tolerance)
    } work: { worker, number throws(ModelError) in
      let (place, bytes) = chunks.chunk(items[number])
      worker.measureSame(pairs[toRead[place]], bytes)
    } commit: { worker, number throws(ModelError) in
      let (place, bytes) = chunks.chunk(items[number])
      let done = measured.withLock { state in
        state.results[toRead[place]].add(worker.outcome)
        state.done &+= bytes.count
        return state.done
      }
      progress(done, total)
    }
    return measured.withLock(\.results)
  }

  /// Settles the pairs of which both containers know that one block repeats, whatever sizes they claim.
  /// - Returns: the places in `pairs` of those whose bytes must be read.
  private func compareRepeated(
    _ pairs: [(a: Int, b: Int)], _ a: any ContainerReader, _ b: any ContainerReader,
    _ results: inout [TensorComparison]
  ) -> [Int] {
    let worker = ComparisonWorker(a, b, tolerance)
    return pairs.indices.filter { place in
      let info = results[place].a
      guard results[place].mode != .nothing && info.byteCount > 0 else { return false }
      guard worker.compareRepeated(pairs[place], 0..<info.byteCount) else { return true }
      results[place].add(worker.outcome)
      return false
    }
  }
}

extension TensorComparison {
  /// The chunks of A's bytes in which the pair is compared: those in which A is read best; where the dtypes differ, such
  /// that each is whole blocks of both.
  fileprivate func grid(in reader: any ContainerReader, _ tensor: Int) throws(ModelError) -> ChunkGrid {
    guard mode == .numbers else { return reader.grid(of: tensor) }
    let flat = try TensorInfo(name: a.name, dtype: a.dtype, shape: [a.elementCount])
    return ChunkGrid(flat, target: Self.elementsPerChunk / a.dtype.blockElements * a.dtype.blockBytes)
  }

  /// Whole blocks of every dtype.
  private static let elementsPerChunk = 1 << 17
}

extension MetadataDifference {
  /// The pairs that are not the same, byte by byte, in the order of `a`, then of `b`.
  static func between(_ a: [MetadataEntry], _ b: [MetadataEntry]) -> [MetadataDifference] {
    let inA = Dictionary(a.map { (Array($0.key.utf8), $0.value) }) { first, _ in first }
    let inB = Dictionary(b.map { (Array($0.key.utf8), $0.value) }) { first, _ in first }
    let keys = a.map(\.key) + b.map(\.key).filter { inA[Array($0.utf8)] == nil }
    return keys.compactMap { key in
      let (left, right) = (inA[Array(key.utf8)], inB[Array(key.utf8)])
      guard left != right else { return nil }
      return MetadataDifference(key: key, a: left, b: right)
    }
  }
}

extension Catalog {
  /// The tensor's name, led by its file where there are several: `FILE:NAME`.
  func label(of tensor: Int) -> String {
    files.count > 1 ? "\(file(of: tensor)):\(tensors[tensor].info.name)" : tensors[tensor].info.name
  }
}

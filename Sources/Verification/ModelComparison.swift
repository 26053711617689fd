public import Containers
import Kernels
import Packing
import Synchronization
public import TensorModel

/// Proves that two models hold the same tensors, or says where they do not.
///
/// A model is the names, dtypes, shapes and elements of its tensors; their order, the files that they lie in, the
/// container and the metadata are not part of it. Two tensors of the same name but another dtype or shape are different.
public struct ModelComparison: Sendable {
  public var tolerance = Tolerance.exact
  public var threads = 1
  /// Which tensors are compared, by name.
  public var includes: @Sendable (String) -> Bool = { _ in true }
  /// Told how many bytes of A are compared, and of how many; calls come one at a time, in order.
  public var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

  public init() {}

  /// Reads both models once, in chunks of `a`'s grids, at most one chunk of each per thread in memory. Ranges that both
  /// containers know to be a repeated block take constant time.
  ///
  /// A tensor that cannot be read is reported with its reason, and the others are compared.
  /// - Throws: `usage` where there are tensors, but `includes` lets none through.
  public func run(_ a: any ContainerReader, _ b: any ContainerReader) throws(ModelError) -> ComparisonReport {
    let matching = TensorMatching(a.catalog, b.catalog, includes: includes)
    var report = ComparisonReport(
      a: OperandSummary(path: a.path, format: a.formatName), b: OperandSummary(path: b.path, format: b.formatName),
      tolerance: tolerance)
    report.onlyInA = matching.onlyInA.map(a.catalog.label(of:))
    report.onlyInB = matching.onlyInB.map(b.catalog.label(of:))
    report.metadataDifferences = MetadataDifference.between(a.catalog.metadata, b.catalog.metadata)
    report.tensors = try compare(matching.pairs, a, b)
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
    let chunks = try ChunkList(toRead.map { a.grid(of: pairs[$0].a) })
    let total = toRead.reduce(0) { $0 &+ results[$1].a.byteCount }
    let state = Mutex(Progress(results: results))

    try Pump.run(items: chunks.count, threads: threads) { () throws(ModelError) in
      ComparisonWorker(a, b)
    } work: { worker, item throws(ModelError) in
      let (place, bytes) = chunks.chunk(item)
      worker.compare(pairs[toRead[place]], bytes)
    } commit: { worker, item throws(ModelError) in
      let (place, bytes) = chunks.chunk(item)
      let done = state.withLock {
        $0.results[toRead[place]].add(worker.outcome)
        $0.done &+= bytes.count
        return $0.done
      }
      progress(done, total)
    }
    return state.withLock(\.results)
  }

  private struct Progress {
    var results: [TensorComparison]
    var done = 0
  }

  /// Settles the pairs of which both containers know that one block repeats, whatever sizes they claim.
  /// - Returns: the places in `pairs` of those whose bytes must be read.
  private func compareRepeated(
    _ pairs: [(a: Int, b: Int)], _ a: any ContainerReader, _ b: any ContainerReader,
    _ results: inout [TensorComparison]
  ) -> [Int] {
    let worker = ComparisonWorker(a, b)
    return pairs.indices.filter { place in
      let info = results[place].a
      guard results[place].sameLayout && info.byteCount > 0 else { return false }
      guard worker.compareRepeated(pairs[place], 0..<info.byteCount) else { return true }
      results[place].add(worker.outcome)
      return false
    }
  }
}

extension MetadataDifference {
  /// The pairs that are not the same, byte by byte, in the order of `a`, then of `b`.
  static func between(_ a: [MetadataEntry], _ b: [MetadataEntry]) -> [MetadataDifference] {
    let inA = Dictionary(a.map { (Array($0.key.utf8), $0.value) }) { first, _ in first }
    let inB = Dictionary(b.map { (Array($0.key.utf8), $0.value) }) { first, _ in first }
    let keys = a.map(\.key) + b.map(\.key).filter { inA[Array($0.utf8)] == nil }
    return keys.compactMap { key in
      let (left, right) = (inA[Array(key.utf8)], inB[Array(key.utf8)])
      guard left.map({ Array($0.utf8) }) != right.map({ Array($0.utf8) }) else { return nil }
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

import Containers
import Kernels
import Packing
import Synchronization
import TensorModel

/// Looks among the tensors that only one of two models has, by name, for those with the same dtype, shape and bytes.
///
/// Only tensors of which the other model has some of the same dtype and shape are read. Those that are alike by a hash go
/// together, the first with the first; that they are the same is left to prove. A large tensor that a container knows to
/// be a repeated block is not expanded, and found only where the other container knows it too.
struct ContentSearch {
  private let a: any ContainerReader
  private let b: any ContainerReader
  private let candidatesInA: [Int]
  private let candidatesInB: [Int]

  init(_ matching: TensorMatching, _ a: any ContainerReader, _ b: any ContainerReader) {
    self.a = a
    self.b = b
    let inA = Set(matching.onlyInA.map { Layout(a.catalog.tensors[$0].info) })
    let inB = Set(matching.onlyInB.map { Layout(b.catalog.tensors[$0].info) })
    let common = inA.intersection(inB)
    candidatesInA = matching.onlyInA.filter { common.contains(Layout(a.catalog.tensors[$0].info)) }
    candidatesInB = matching.onlyInB.filter { common.contains(Layout(b.catalog.tensors[$0].info)) }
  }

  private struct Layout: Hashable {
    var dtype: DType
    var shape: [Int]

    init(_ info: TensorInfo) {
      dtype = info.dtype
      shape = info.shape
    }
  }

  private struct Content: Hashable {
    var layout: Layout
    var bytes: Bytes
  }

  private enum Bytes: Hashable {
    case hash(UInt64)
    case repeated([UInt8])
  }

  /// A repeated block of more bytes is not expanded: files may claim any number of them.
  private static let expandedBytes = 64 << 20

  /// Pairs of tensors in A and B, in the order of A.
  func run(threads: Int) throws(ModelError) -> [(a: Int, b: Int)] {
    let inA = try Self.contents(of: candidatesInA, a, threads)
    let inB = try Self.contents(of: candidatesInB, b, threads)
    // Backwards, so that the first is the last in its list and the first to be taken.
    var partners: [Content: [Int]] = [:]
    for (content, tensor) in zip(inB, candidatesInB).reversed() {
      if let content { partners[content, default: []].append(tensor) }
    }
    return zip(inA, candidatesInA).compactMap { content, tensor in
      guard let content, let partner = partners[content]?.popLast() else { return nil }
      return (tensor, partner)
    }
  }

  /// What each tensor holds; nil for one that can't be read.
  private static func contents(
    of tensors: [Int], _ model: any ContainerReader, _ threads: Int
  ) throws(ModelError) -> [Content?] {
    let infos = tensors.map { model.catalog.tensors[$0].info }
    let session = model.makeSession()
    let repeated = zip(tensors, infos).map { tensor, info in
      info.byteCount > expandedBytes ? try? session.repeatedBlock(of: tensor, 0..<info.byteCount) : nil
    }
    let toRead = infos.indices.filter { repeated[$0] == nil }
    let hashes = try hashes(of: toRead.map { tensors[$0] }, model, threads)
    var contents = zip(infos, repeated).map { info, block in
      block.map { Content(layout: Layout(info), bytes: .repeated($0)) }
    }
    for (place, hash) in zip(toRead, hashes) {
      contents[place] = hash.map { Content(layout: Layout(infos[place]), bytes: .hash($0)) }
    }
    return contents
  }

  /// A hash of each tensor's bytes, the same in every container; nil for a tensor that can't be read.
  private static func hashes(
    of tensors: [Int], _ model: any ContainerReader, _ threads: Int
  ) throws(ModelError) -> [UInt64?] {
    let chunks = try ChunkList(tensors.map { ChunkGrid(model.catalog.tensors[$0].info) })
    let state = Mutex(tensors.map { _ in XXH3?.some(XXH3()) })
    try Pump.run(items: chunks.count, threads: threads) { () throws(ModelError) in
      ChunkHasher(model)
    } work: { worker, item throws(ModelError) in
      let (place, bytes) = chunks.chunk(item)
      worker.hash(tensors[place], bytes)
    } commit: { worker, item throws(ModelError) in
      let place = chunks.chunk(item).grid
      state.withLock {
        if let hash = worker.last { $0[place]?.update(littleEndian: hash) } else { $0[place] = nil }
      }
    }
    return state.withLock { $0.map { $0?.value } }
  }

  /// One thread's view of a model.
  private final class ChunkHasher {
    private let session: any TensorSession
    /// The hash of the last range; nil where it could not be read.
    private(set) var last: UInt64?

    init(_ model: any ContainerReader) { session = model.makeSession() }

    func hash(_ tensor: Int, _ range: Range<Int>) {
      last = try? session.withBytes(of: tensor, range) { XXH3.hash($0) }
      session.release(of: tensor, range)
    }
  }
}

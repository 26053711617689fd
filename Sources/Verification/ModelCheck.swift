public import Containers
import Kernels
import Packing
import Synchronization
public import TensorModel

/// Checks one opened model from end to end. Its structure was proved when it was opened; what is left is to read every
/// byte of every tensor once, so that damage and failing disks show, and what else lies under checksums.
public struct ModelCheck: Sendable {
  public var threads = 1
  /// A 64-bit hash of bytes; with it the report carries the model's digest.
  public var hash: (@Sendable (RawSpan) -> UInt64)?
  /// Which tensors are checked, by name.
  public var includes: @Sendable (String) -> Bool = { _ in true }
  /// Told how many bytes are read, and of how many; calls come one at a time, in order.
  public var progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }

  public init() {}

  /// The hash of the packed file's checksums.
  public static let xxh3: @Sendable (RawSpan) -> UInt64 = { XXH3.hash($0) }

  /// Reads the selected tensors of `model`, at most one chunk per thread in memory. A tensor that cannot be read is
  /// reported as damaged, and the others are read.
  ///
  /// A range that the container knows to be a repeated block is not expanded, except for a digest.
  /// - Throws: `usage` where there are tensors, but `includes` lets none through.
  public func run(_ model: any ContainerReader) throws(ModelError) -> CheckReport {
    let catalog = model.catalog
    let selected = catalog.tensors.indices.filter { includes(catalog.tensors[$0].info.name) }
    guard !selected.isEmpty || catalog.tensors.isEmpty else { throw ModelError(.usage, "no tensor is selected") }
    // For a digest the pieces must not depend on how the container cuts its tensors.
    let grids = selected.map { hash == nil ? model.grid(of: $0) : ChunkGrid(catalog.tensors[$0].info) }
    let chunks = try ChunkList(grids)
    let total = grids.reduce(model.checksummedBytes) { $0 &+ $1.byteCount }
    let state = Mutex(
      State(failures: Array(repeating: nil, count: selected.count), digests: ModelDigest(selected.count)))

    try Pump.run(items: chunks.count, threads: threads) { () throws(ModelError) in
      Worker(session: model.makeSession())
    } work: { worker, item throws(ModelError) in
      let (place, bytes) = chunks.chunk(item)
      worker.read(selected[place], bytes, hash)
    } commit: { worker, item throws(ModelError) in
      let (place, bytes) = chunks.chunk(item)
      let done = state.withLock { state in
        if state.failures[place] == nil { state.failures[place] = worker.failure }
        if hash != nil { state.digests.add(byteCount: bytes.count, hash: worker.hash, to: place) }
        state.done &+= bytes.count
        return state.done
      }
      progress(done, total)
    }
    var done = state.withLock { $0.done }
    let damage = model.damage { count in
      done &+= count
      progress(done, total)
    }
    return state.withLock { report(model, selected, $0, damage) }
  }

  private struct State {
    var failures: [ModelError?]
    var digests: ModelDigest
    var done = 0
  }

  private func report(_ model: any ContainerReader, _ selected: [Int], _ state: State, _ damage: [ModelError])
    -> CheckReport
  {
    let catalog = model.catalog
    var report = CheckReport(
      model: OperandSummary(model), failures: damage, byteCount: state.done)
    report.tensors = zip(selected, state.failures).map { tensor, failure in
      let info = catalog.tensors[tensor].info
      let file = catalog.files.count > 1 ? catalog.file(of: tensor) : nil
      return CheckReport.Tensor(name: info.name, file: file, elements: info.elementCount, failure: failure)
    }
    if let hash, report.verdict == .intact {
      report.model.digest = state.digests.value(selected.map { catalog.tensors[$0].info }, hash)
    }
    return report
  }

  /// One thread's view of the model, and what the last range gave.
  private final class Worker {
    private let session: any TensorSession
    private(set) var failure: ModelError?
    private(set) var hash: UInt64 = 0

    init(session: any TensorSession) { self.session = session }

    func read(_ tensor: Int, _ range: Range<Int>, _ hash: ((RawSpan) -> UInt64)?) {
      do throws(ModelError) {
        failure = nil
        if hash == nil, try session.repeatedBlock(of: tensor, range) != nil { return }
        self.hash = try session.withBytes(of: tensor, range) { bytes throws(ModelError) in
          hash.map { $0(bytes) } ?? UInt64(bytes.touched)
        }
        session.release(of: tensor, range)
      } catch {
        failure = error
      }
    }
  }
}

extension RawSpan {
  /// One byte of each page, folded: reads a mapped file from its disk at the least cost.
  fileprivate var touched: UInt8 {
    var fold: UInt8 = 0
    for offset in stride(from: 0, to: byteCount, by: 4096) {
      // A checked load; it counts as unsafe because not every type may be loaded so.
      fold ^= unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
    return byteCount == 0 ? 0 : unsafe fold ^ unsafeLoad(fromByteOffset: byteCount - 1, as: UInt8.self)
  }
}

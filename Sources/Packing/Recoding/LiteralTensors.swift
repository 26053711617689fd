import Containers
import Synchronization
import TensorModel

/// A tensor whose bytes in the file are literals.
struct LiteralTensor: Sendable {
  let info: TensorInfo
  /// Its number in the model.
  let number: Int
  /// The bytes of the file that it takes.
  let byteCount: Int
  /// Why it is no entry, and why it is not listed, where it is not: a few words each.
  var reasons: [String]
  /// Whether a view lists it.
  var isListed: Bool
}

/// Finds the tensors that no entry will hold, and reads each once as a reader of the packed file will: what can't be
/// decoded is not listed.
struct LiteralTensors {
  private let source: PackSource
  private let options: PackOptions

  init(_ source: PackSource, _ options: PackOptions) {
    self.source = source
    self.options = options
  }

  /// - Parameter proved: per file, what entries will hold.
  /// - Returns: per file, the others.
  func find(besides proved: [ProvedFile]) throws(ModelError) -> [[LiteralTensor]] {
    var found = source.files.indices.map { others(in: $0, besides: proved[$0]) }
    let unreadable = try unreadable(found)
    for (file, tensor) in unreadable {
      found[file][tensor].isListed = false
      found[file][tensor].reasons.append("can't be decoded")
    }
    return found
  }

  private func others(in file: Int, besides proved: ProvedFile) -> [LiteralTensor] {
    guard case .model(let content, let model, let layout) = source.files[file].content, content.hidesCatalog else {
      return []
    }
    let held = Set((layout.tensors.map(\.info) + proved.tensors.map(\.info)).map { ExactName($0.name) })
    return model.catalog.tensors.indices.compactMap { number in
      let info = model.catalog.tensors[number].info
      guard !held.contains(ExactName(info.name)) else { return nil }
      let obstacle = content.obstacle(toViewOf: number)
      return LiteralTensor(
        info: info, number: number, byteCount: model.storage(of: number)?.byteCount ?? info.byteCount,
        reasons: [obstacle ?? proved.failures[number] ?? "lies over another"], isListed: obstacle == nil)
    }
  }

  /// Which of the tensors that are to be listed can't be read: the file and the place among its tensors.
  private func unreadable(_ found: [[LiteralTensor]]) throws(ModelError) -> [(file: Int, tensor: Int)] {
    let claims = found.enumerated().flatMap { file, tensors in
      tensors.indices.filter { tensors[$0].isListed }.map { (file: file, tensor: $0) }
    }
    let grids = claims.map { claim in model(claim.file)!.grid(of: found[claim.file][claim.tensor].number) }
    let items = ItemIndex(grids.map(\.count))
    let failed = Mutex<Set<Int>>([])
    try Pump.run(
      items: items.count,
      threads: WorkerBudget.encoders(
        options.threads, memory: options.memory, chunkBytes: grids.map(\.largestChunkBytes).max() ?? 0),
      makeWorker: { () throws(ModelError) in PackSourceSession(source) },
      work: { (input, item) throws(ModelError) in
        let (claim, chunk) = items[item]
        let (file, tensor) = claims[claim]
        do throws(ModelError) {
          try input.withValues(of: file, found[file][tensor].number, grids[claim].bytes(ofChunk: chunk)) { _ in }
        } catch {
          // A file that can't be read is another matter than one that holds something else.
          guard error.code != .inputOutput else { throw error }
          failed.withLock { _ = $0.insert(claim) }
        }
      })
    return failed.withLock { $0 }.map { claims[$0] }
  }

  private func model(_ file: Int) -> (any ContainerReader)? {
    if case .model(_, let model, _) = source.files[file].content { model } else { nil }
  }
}

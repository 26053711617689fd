import Containers
import Synchronization
import TensorModel

/// Finds the tensors that no entry will hold, and reads each once as a reader of the packed file will: what can't be
/// decoded is not listed.
struct ViewProof {
  private let source: PackSource
  private let options: PackOptions

  init(_ source: PackSource, _ options: PackOptions) {
    self.source = source
    self.options = options
  }

  /// One tensor of one file, by its number in the model.
  private struct Claim: Sendable {
    var file: Int
    var tensor: Int
    var grid: ChunkGrid
  }

  /// - Parameter recoded: per file, the tensors in another form that are entries.
  /// - Returns: per file, the numbers of those that can be read.
  func run(besides recoded: [[ProvedTensor]]) throws(ModelError) -> [[Int]] {
    let claims = source.files.indices.flatMap { self.claims(of: $0, besides: recoded[$0]) }
    let items = ItemIndex(claims.map(\.grid.count))
    let unreadable = Mutex<Set<Int>>([])
    try Pump.run(
      items: items.count,
      threads: WorkerBudget.encoders(
        options.threads, memory: options.memory, chunkBytes: claims.map(\.grid.largestChunkBytes).max() ?? 0),
      makeWorker: { () throws(ModelError) in PackSourceSession(source) },
      work: { (input, item) throws(ModelError) in
        let (number, chunk) = items[item]
        let claim = claims[number]
        do throws(ModelError) {
          try input.withValues(of: claim.file, claim.tensor, claim.grid.bytes(ofChunk: chunk)) { _ in }
        } catch {
          // A file that can't be read is another matter than one that holds something else.
          guard error.code != .inputOutput else { throw error }
          unreadable.withLock { _ = $0.insert(number) }
        }
      })
    let damaged = unreadable.withLock { $0 }
    var views = source.files.map { _ in [Int]() }
    for (number, claim) in claims.enumerated() where !damaged.contains(number) {
      views[claim.file].append(claim.tensor)
    }
    return views
  }

  private func claims(of file: Int, besides recoded: [ProvedTensor]) -> [Claim] {
    guard case .model(let content, let model, let layout) = source.files[file].content else { return [] }
    let held = Set((layout.tensors.map(\.info) + recoded.map(\.info)).map { ExactName($0.name) })
    return content.viewable.compactMap { number in
      let info = model.catalog.tensors[number].info
      return held.contains(ExactName(info.name))
        ? nil : Claim(file: file, tensor: number, grid: model.grid(of: number))
    }
  }
}

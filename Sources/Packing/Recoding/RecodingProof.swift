import ByteStore
import Containers
import Kernels
import Synchronization
import TensorModel

/// A tensor that its file holds in another form, with what was proved to make those bytes.
struct ProvedTensor: Sendable {
  struct Piece: Sendable {
    var range: Range<Int>
    var recoding: Recoding
    /// Of the bytes that it makes, which are the file's.
    var hash: UInt64
  }

  var info: TensorInfo
  /// Its number in the model that lends its elements.
  var number: Int
  /// By their place in the file. One without bytes where the file holds none of the tensor.
  var pieces: [Piece]
  /// What the file has of it besides, for people; nil where nothing.
  var remainder: String?

  /// Where the first piece begins.
  var start: Int { pieces[0].range.lowerBound }

  var layout: FileLayout.Recoded {
    FileLayout.Recoded(
      info: info, number: number,
      pieces: pieces.compactMap { $0.range.isEmpty ? nil : .init(range: $0.range, recoding: $0.recoding) })
  }
}

/// What is made again of a file.
struct ProvedFile: Sendable {
  /// By their first pieces.
  var tensors: [ProvedTensor] = []
  /// Why others are not, by their numbers in the model.
  var failures: [Int: String] = [:]
}

/// Tries what a file's layout claims of the tensors that lie in it in another form: what does not give the file's bytes
/// again is left to be stored as bytes.
struct RecodingProof {
  private let source: PackSource
  private let options: PackOptions

  init(_ source: PackSource, _ options: PackOptions) {
    self.source = source
    self.options = options
  }

  /// One piece of one tensor.
  private struct Claim: Sendable {
    var file: Int
    var tensor: FileLayout.Recoded
    var piece: FileLayout.Recoded.Piece
  }

  private final class Worker {
    let input: PackSourceSession
    let boxes = BoxReader()
    let transforms = TransformPipeline()

    init(_ source: PackSource) { input = PackSourceSession(source) }
  }

  /// The most chunks of a tensor that a box may touch.
  static let maximumChunks = 64

  /// - Returns: per file, the tensors that hold.
  func run(_ progress: @Sendable (Int) -> Void) throws(ModelError) -> [ProvedFile] {
    let tensors = source.files.map { $0.layout?.recoded ?? [] }
    let claims = tensors.enumerated().flatMap { file, tensors in
      tensors.flatMap { tensor in tensor.pieces.map { Claim(file: file, tensor: tensor, piece: $0) } }
    }
    guard !tensors.allSatisfy(\.isEmpty) else { return tensors.map { _ in ProvedFile() } }
    let hashes = Mutex([UInt64?](repeating: nil, count: claims.count))
    let largest = ChunkGrid.maximumChunkBytes
    try Pump.run(
      items: claims.count,
      threads: WorkerBudget.encoders(options.threads, memory: options.memory, chunkBytes: largest),
      makeWorker: { () throws(ModelError) in Worker(source) },
      work: { (worker, item) throws(ModelError) in
        let hash = try prove(claims[item], worker)
        hashes.withLock { $0[item] = hash }
      })
    var found = hashes.withLock { $0 }[...]
    return tensors.map { tensors in
      var file = ProvedFile()
      for tensor in tensors {
        let outcome = RecodingOutcome(tensor, Array(found.prefix(tensor.pieces.count)))
        found = found.dropFirst(tensor.pieces.count)
        if let proved = outcome.proved {
          file.tensors.append(proved)
        } else {
          file.failures[tensor.number] = outcome.remainder
        }
      }
      file.tensors.sort { $0.start < $1.start }
      return file
    }
  }

  /// The hash of the piece's bytes, where its recoding makes them.
  private func prove(_ claim: Claim, _ worker: Worker) throws(ModelError) -> UInt64? {
    let (info, recoding) = (claim.tensor.info, claim.piece.recoding)
    do throws(ModelError) {
      try recoding.demandGives(claim.piece.range.count, info)
      let byteCount = try recoding.boxByteCount(info)
      guard isWithinReach(recoding, info) else { return nil }
      let hash: UInt64? = try worker.boxes.withBox(
        recoding, of: info, byteCount: byteCount,
        read: { (range, body) throws(ModelError) in
          try worker.input.withValues(of: claim.file, claim.tensor.number, range, body)
        },
        { (box) throws(ModelError) in
          try worker.transforms.withResult(of: box, recoding.transforms[...]) { (made) throws(ModelError) in
            try worker.input.withBytes(of: claim.file, claim.piece.range) { bytes in
              bytes.byteCount == made.byteCount && ByteCompare.areEqual(bytes, made) ? XXH3.hash(bytes) : nil
            }
          }
        })
      worker.input.release(of: claim.file, claim.piece.range)
      return hash
    } catch {
      // A file that can't be read is another matter than one that holds something else.
      guard error.code != .inputOutput else { throw error }
      return nil
    }
  }

  /// Whether the box touches no more chunks of the tensor, as it will be stored, than a reader can be asked to decode.
  private func isWithinReach(_ recoding: Recoding, _ info: TensorInfo) -> Bool {
    let grid = ChunkGrid(info)
    guard grid.count > Self.maximumChunks else { return true }
    let runs = recoding.runs(of: info)
    var (touched, last) = (0, -1)
    runs.forEachRun { start, _ in
      let (from, to) = (grid.chunk(holding: start), grid.chunk(holding: start + runs.runBytes - 1))
      touched += to - max(from, last + 1) + 1
      last = to
    }
    return touched <= Self.maximumChunks
  }
}

/// What came of the pieces of one tensor.
private struct RecodingOutcome {
  let proved: ProvedTensor?
  /// What is not made again, and why; nil where all is.
  let remainder: String?

  /// - Parameter hashes: per piece, its hash where it is made again.
  init(_ tensor: FileLayout.Recoded, _ hashes: [UInt64?]) {
    var pieces: [ProvedTensor.Piece] = []
    var lost: [FileLayout.Recoded.Piece] = []
    for (piece, hash) in zip(tensor.pieces, hashes) {
      if let hash {
        pieces.append(.init(range: piece.range, recoding: piece.recoding, hash: hash))
      } else {
        lost.append(piece)
      }
    }
    remainder = Self.text(tensor, lost)
    let lostBytes = lost.reduce(tensor.remainder?.byteCount ?? 0) { $0 + $1.range.count }
    // More would store much of the file twice.
    guard lostBytes <= pieces.reduce(0, { $0 + $1.range.count }) / 8 else {
      proved = nil
      return
    }
    if pieces.isEmpty { pieces = [.listing(tensor.info)] }
    proved = ProvedTensor(info: tensor.info, number: tensor.number, pieces: pieces, remainder: remainder)
  }

  private static func text(_ tensor: FileLayout.Recoded, _ lost: [FileLayout.Recoded.Piece]) -> String? {
    let all = tensor.pieces.count + (tensor.remainder?.count ?? 0)
    var reasons: [String] = []
    if let rest = tensor.remainder { reasons.append("\(rest.count) of \(all) chunks \(rest.reason)") }
    let deflated = lost.count { $0.recoding.transforms.contains { if case .deflate = $0 { true } else { false } } }
    if deflated > 0 { reasons.append("\(deflated) of \(all) chunks were deflated by another compressor") }
    if lost.count > deflated {
      reasons.append("\(lost.count - deflated) of \(all) chunks are not made of its elements")
    }
    return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }
}

extension ProvedTensor.Piece {
  /// One that says no more than that the file has the tensor.
  fileprivate static func listing(_ info: TensorInfo) -> Self {
    let sides = info.shape.map { _ in Recoding.Side(start: 0, count: 0, padded: 0) }
    return Self(range: 0..<0, recoding: Recoding(sides: sides, transforms: []), hash: XXH3.hash(RawSpan()))
  }
}

public import Encodings
public import TensorModel

/// Tells what chunks would become in a packed file by packing them.
public struct PackedSizeEstimate: PackedSizeEstimating {
  private let effort: Effort

  public init(effort: Effort = .standard) { self.effort = effort }

  public func makeEstimator() throws(ModelError) -> any PackedSizeEstimator { ChunkPacker(effort) }
}

private final class ChunkPacker: PackedSizeEstimator {
  /// A chunk's place in its entry's directory: its length and two hashes.
  private static let directoryBytes = 15
  private let planner: TensorPlanner
  private let workspace: EncodingWorkspace

  init(_ effort: Effort) {
    planner = TensorPlanner(effort: effort)
    workspace = EncodingWorkspace(effort: effort)
  }

  func survey(
    _ info: TensorInfo, in window: Range<Int>,
    bytes: (Range<Int>, (RawSpan) throws(ModelError) -> Void) throws(ModelError) -> Void
  ) throws(ModelError) -> TensorSurvey {
    let decision = try planner.decide(info, in: window, workspace, bytes: bytes)
    var survey = TensorSurvey(grid: decision.grid)
    survey.plan = decision.plan
    return survey
  }

  func pack(
    _ chunk: RawSpan, of info: TensorInfo, _ range: Range<Int>, _ survey: TensorSurvey
  ) throws(ModelError) -> PackedChunk {
    guard let plan = survey.plan else { preconditionFailure("the survey is another's") }
    let choice = ChunkCodec.encode(chunk, at: range.lowerBound, plan: plan, workspace)
    return PackedChunk(byteCount: workspace.encodedByteCount + Self.directoryBytes, encoding: choice.name)
  }

  func pack(repeating block: [UInt8], of info: TensorInfo, _ range: Range<Int>) throws(ModelError) -> PackedChunk {
    PackedChunk(byteCount: 6 + block.count + Self.directoryBytes, encoding: "constant")
  }
}

extension PackedModel: PackedCatalog {
  public var canonicalZeros: Int { file.canonicalZeros }
  public var baseName: String? { file.baseName }

  public func packedByteCount(of tensor: Int) -> Int {
    // What a view takes of the file is packed as bytes.
    if let (views, number) = view(of: tensor) { return views.storage(of: number).byteCount }
    guard case .entry(let entry) = tensors[tensor].place else { return 0 }
    return file.index.entries[entry].place.storedBytes
  }

  public func encodings(of tensor: Int) throws(ModelError) -> [String: Int] {
    if let (views, number) = view(of: tensor) { return ["literal": views.pieceCount(of: number)] }
    guard case .entry(let entry) = tensors[tensor].place else { return ["alias": 1] }
    let reader = EntryReader(file)
    var counts: [String: Int] = [:]
    for chunk in 0..<(try reader.directory(of: entry).grid.count) {
      counts[try reader.choice(of: entry, chunk: chunk).name, default: 0] += 1
    }
    return counts
  }
}

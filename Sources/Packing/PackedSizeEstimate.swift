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

  func pack(_ chunk: RawSpan, of info: TensorInfo, _ range: Range<Int>) throws(ModelError) -> PackedChunk {
    // The chunk stands for the tensor: its own sample decides, as the tensor's does when it is packed.
    let plan = try planner.decide(info, in: range, workspace) { (part, body) throws(ModelError) in
      try body(chunk.extracting((part.lowerBound - range.lowerBound)..<(part.upperBound - range.lowerBound)))
    }.plan
    let choice = ChunkCodec.encode(chunk, at: range.lowerBound, plan: plan, workspace)
    return PackedChunk(byteCount: workspace.encodedByteCount + Self.directoryBytes, encoding: choice.name)
  }

  func pack(repeating block: [UInt8], of info: TensorInfo, _ range: Range<Int>) throws(ModelError) -> PackedChunk {
    PackedChunk(byteCount: 6 + block.count + Self.directoryBytes, encoding: "constant")
  }
}

extension PackedModel: PackedCatalog {
  public var canonicalZeros: Int { file.canonicalZeros }

  public func packedByteCount(of tensor: Int) -> Int {
    isAlias(tensor) ? 0 : file.index.entries[holders[tensor]].place.storedBytes
  }

  public func encodings(of tensor: Int) throws(ModelError) -> [String: Int] {
    guard !isAlias(tensor) else { return ["alias": 1] }
    let reader = EntryReader(file)
    var counts: [String: Int] = [:]
    for chunk in 0..<(try reader.directory(of: holders[tensor]).grid.count) {
      counts[try reader.choice(of: holders[tensor], chunk: chunk).name, default: 0] += 1
    }
    return counts
  }
}

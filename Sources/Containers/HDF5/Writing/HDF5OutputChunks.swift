package import Filters
import HDF5Protocol
import TensorModel

/// How the elements of a dataset are cut into chunks that are written, each of which has a range of the tensor's bytes:
/// whole rows, as many as make a chunk of the size that readers keep in memory.
public struct HDF5OutputChunks: Sendable {
  /// What chunks go through.
  package let pipeline: FilterPipeline
  /// Bytes of a chunk before that; the last of a run of rows may have fewer, and is filled up with zeros.
  public let chunkBytes: Int

  private let shape: [Int]
  private let chunkShape: [Int]
  private let elementBytes: Int
  /// The dimension that is cut; those in front of it have chunks of one.
  private let cutDimension: Int

  /// The library keeps 1 MiB of a dataset's chunks unless it is told otherwise.
  private static let mostBytes = 1 << 20
  /// What is smaller gains nothing from being a chunk.
  private static let leastBytes = 1 << 10

  /// - Returns: nil for what lies in one piece all the same: tensors that are tiny, or have no dimensions.
  init?(_ info: TensorInfo, _ compression: HDF5Compression) {
    guard info.byteCount >= Self.leastBytes, !info.shape.isEmpty else { return nil }
    shape = info.shape
    elementBytes = info.dtype.blockBytes
    // The first dimension of which one step fits.
    var stepBytes = info.byteCount
    var cut = 0
    for (number, dimension) in shape.enumerated() {
      (cut, stepBytes) = (number, stepBytes / dimension)
      if stepBytes <= Self.mostBytes { break }
    }
    // As many as fit: of matrices these are the chunks in which every tensor is read, so no two readers share one.
    let steps = min(shape[cut], max(1, Self.mostBytes / stepBytes))
    chunkShape = shape.enumerated().map { $0 < cut ? 1 : $0 == cut ? steps : $1 }
    cutDimension = cut
    chunkBytes = steps * stepBytes
    pipeline = compression.pipeline(elementBytes: elementBytes)
  }

  /// Chunks along the dimension that is cut.
  private var chunksOfRun: Int { (shape[cutDimension] - 1) / chunkShape[cutDimension] + 1 }
  /// Bytes of all chunks along that dimension.
  private var runBytes: Int { shape[cutDimension...].reduce(elementBytes, *) }

  public var count: Int { shape[..<cutDimension].reduce(chunksOfRun, *) }

  /// The bytes of the tensor that a chunk holds.
  public func bytes(ofChunk number: Int) -> Range<Int> {
    let (run, place) = number.quotientAndRemainder(dividingBy: chunksOfRun)
    let start = run * runBytes + place * chunkBytes
    return start..<min(start + chunkBytes, (run + 1) * runBytes)
  }

  // MARK: What is written

  var treeByteCount: Int { HDF5TreeText.chunks(rank: shape.count).byteCount(count) }

  /// The tree that lists chunks, in their order.
  func tree(_ chunks: [HDF5WrittenChunk], at start: Int) -> (bytes: [UInt8], root: Int) {
    var keys = ByteWriter()
    for chunk in chunks { writeKey(of: chunk, ending: 0, to: &keys) }
    // Behind all others: the last one, and an element further.
    if var last = chunks.last {
      (last.byteCount, last.filterMask) = (0, 0)
      writeKey(of: last, ending: elementBytes, to: &keys)
    }
    return HDF5TreeText.chunks(rank: shape.count).bytes(chunks.map { UInt64($0.offset) }, keys: keys.bytes, at: start)
  }

  private func writeKey(of chunk: HDF5WrittenChunk, ending last: Int, to keys: inout ByteWriter) {
    keys.integer(UInt32(chunk.byteCount))
    keys.integer(chunk.filterMask)
    for place in place(ofChunk: chunk.number) { keys.integer(UInt64(place)) }
    keys.integer(UInt64(last))
  }

  /// The first element of a chunk.
  private func place(ofChunk number: Int) -> [Int] {
    var place = [Int](repeating: 0, count: shape.count)
    var rest = number / chunksOfRun
    place[cutDimension] = number % chunksOfRun * chunkShape[cutDimension]
    for dimension in (0..<cutDimension).reversed() {
      place[dimension] = rest % shape[dimension]
      rest /= shape[dimension]
    }
    return place
  }

  /// The layout message: chunks, which lie nowhere yet.
  var layoutMessage: [UInt8] {
    var writer = ByteWriter()
    writer.append([3, 2, UInt8(shape.count + 1)])
    writer.integer(UInt64.max)
    for count in chunkShape + [elementBytes] { writer.integer(UInt32(count)) }
    return writer.bytes
  }

  var pipelineMessage: [UInt8] {
    var writer = ByteWriter()
    writer.append([1, UInt8(pipeline.filters.count), 0, 0, 0, 0, 0, 0])
    for filter in pipeline.filters {
      writer.integer(UInt16(filter.id))
      // No name.
      writer.integer(UInt16(0))
      writer.integer(UInt16(filter.isOptional ? 1 : 0))
      writer.integer(UInt16(filter.parameters.count))
      for parameter in filter.parameters { writer.integer(parameter) }
      if filter.parameters.count % 2 == 1 { writer.integer(UInt32(0)) }
    }
    return writer.bytes
  }
}

/// A chunk that was written.
public struct HDF5WrittenChunk: Sendable {
  /// Among all of its dataset, row-major.
  public var number: Int
  public var offset: Int
  public var byteCount: Int
  /// Bit n: filter n was left out.
  public var filterMask: UInt32

  public init(number: Int, offset: Int, byteCount: Int, filterMask: UInt32) {
    self.number = number
    self.offset = offset
    self.byteCount = byteCount
    self.filterMask = filterMask
  }
}

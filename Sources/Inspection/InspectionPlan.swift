import Containers
import Packing
import TensorModel

/// The chunks of the tensors that are read, numbered through, in batches large enough to be worth a worker's turn.
struct InspectionPlan: Sendable {
  /// One chunk.
  struct Item {
    /// Index into `parts`.
    let part: Int
    let chunk: Int
    /// Bytes of the tensor.
    let range: Range<Int>
  }

  /// One tensor's share of the work.
  struct Part: Sendable {
    /// Index into the catalog.
    let tensor: Int
    let info: TensorInfo
    let grid: ChunkGrid
    /// The number of its first item.
    var firstItem = 0
    /// Whether one block fills all of the tensor, so that one item does.
    var isRepeated = false
    var itemCount: Int { isRepeated ? 1 : grid.count }
  }

  let parts: [Part]
  /// Where each batch begins, and where the last one ends, as numbers of items.
  private let batchStarts: [Int]
  /// Where fewer chunks than this hold a tensor, all are taken to learn its packed size.
  private static let smallestSampledCount = 5
  private static let sampleStride = 4
  private static let mostSampled = 8
  /// Of a chunk that is longer, so many bytes from its middle are taken.
  private static let sampledBytes = 256 << 10
  /// Of tensors with more chunks, the container is asked first whether one block fills them.
  private static let manyChunks = 1024
  /// A batch is full with so many bytes or so many chunks.
  private static let batchBytes = 256 << 10
  private static let batchItems = 256

  /// - Parameter tensors: indices into the catalog.
  init(_ reader: any ContainerReader, _ tensors: [Int]) throws(ModelError) {
    let session = reader.makeSession()
    var parts: [Part] = []
    var items = 0
    for tensor in tensors {
      var part = Part(tensor: tensor, info: reader.catalog.tensors[tensor].info, grid: reader.grid(of: tensor))
      part.firstItem = items
      if part.grid.count > Self.manyChunks {
        let name = part.info.name
        part.isRepeated = try within("tensor '\(name)'") { () throws(ModelError) in
          try session.repeatedBlock(of: tensor, 0..<part.info.byteCount) != nil
        }
      }
      items += part.itemCount
      parts.append(part)
    }
    self.parts = parts
    batchStarts = Self.batchStarts(parts)
  }

  var batchCount: Int { batchStarts.count - 1 }

  /// The numbers of the items of a batch.
  func items(ofBatch batch: Int) -> Range<Int> { batchStarts[batch]..<batchStarts[batch + 1] }

  private static func batchStarts(_ parts: [Part]) -> [Int] {
    var starts = [0]
    var bytes = 0
    var items = 0
    for part in parts {
      for chunk in 0..<part.itemCount {
        bytes += part.isRepeated ? batchBytes : part.grid.bytes(ofChunk: chunk).count
        items += 1
        guard bytes >= batchBytes || items == batchItems else { continue }
        starts.append(part.firstItem + chunk + 1)
        (bytes, items) = (0, 0)
      }
    }
    if items > 0, let last = parts.last { starts.append(last.firstItem + last.itemCount) }
    return starts
  }

  /// The item of that number. O(log parts).
  func item(_ number: Int) -> Item {
    var low = 0
    var high = parts.count
    // The last part that begins at or before `number`; empty tensors before it begin there too, but have no items.
    while high - low > 1 {
      let middle = (low + high) / 2
      if parts[middle].firstItem <= number { low = middle } else { high = middle }
    }
    let part = parts[low]
    let chunk = number - part.firstItem
    let range = part.isRepeated ? 0..<part.info.byteCount : part.grid.bytes(ofChunk: chunk)
    return Item(part: low, chunk: chunk, range: range)
  }

  /// The bytes of the tensor that belong to the sample from which packed sizes are projected: a piece of every chunk of
  /// tensors of up to four chunks, else of the first and every fourth after it, of more than 32 chunks of about eight.
  func sample(_ item: Item) -> Range<Int>? {
    let part = parts[item.part]
    let stride = max(Self.sampleStride, part.itemCount / Self.mostSampled)
    guard part.itemCount < Self.smallestSampledCount || item.chunk % stride == 0 else { return nil }
    guard !part.isRepeated, item.range.count > Self.sampledBytes else { return item.range }
    let block = part.info.dtype.blockBytes
    let start = item.range.lowerBound + (item.range.count - Self.sampledBytes) / 2 / block * block
    return start..<start + Self.sampledBytes / block * block
  }
}

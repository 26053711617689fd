import Codecs
public import Containers
import Kernels
public import TensorModel

/// A model whose tensors of block types are F32: the numbers that their blocks stand for, bit for bit those of the
/// reference. Tensors of other types are lent as they are.
public final class DequantizedModel: ModelLayer {
  public let base: any ContainerReader
  public let catalog: Catalog
  /// Per tensor; nil where it stays as it is.
  private let types: [BlockType?]

  /// Dequantises the tensors whose names `filter` accepts.
  public init(_ base: any ContainerReader, _ filter: NameFilter) throws(ModelError) {
    var catalog = base.catalog
    var types: [BlockType?] = []
    for index in catalog.tensors.indices {
      let info = catalog.tensors[index].info
      let type = filter.accepts(info.name) ? info.dtype.blockType : nil
      types.append(type)
      guard type != nil else { continue }
      catalog.tensors[index].info = try within("tensor '\(info.name)'") { () throws(ModelError) in
        try TensorInfo(name: info.name, dtype: .f32, shape: info.shape)
      }
      catalog.tensors[index].offset = nil
    }
    self.base = base
    self.catalog = catalog
    self.types = types
  }

  /// How many tensors had a block type.
  public var changedCount: Int { types.count { $0 != nil } }

  /// The numbers of the source's chunks, so that a packed one is decoded once; the usual ones where they would be too large.
  public func grid(of tensor: Int) -> ChunkGrid {
    let grid = base.grid(of: tensor)
    guard types[tensor] != nil else { return grid }
    let source = base.catalog.tensors[tensor].info.dtype
    let info = catalog.tensors[tensor].info
    let partBytes = grid.partBytes / source.blockBytes * source.blockElements * DType.f32.blockBytes
    return (try? ChunkGrid(info, rowsPerChunk: grid.rowsPerChunk, partBytes: partBytes)) ?? ChunkGrid(info)
  }

  public func makeSession() -> any TensorSession { DequantizedSession(base.makeSession(), types) }
}

/// Dequantises what it lends in a buffer of its own: the whole blocks that hold it.
private final class DequantizedSession: TensorSession {
  private let base: any TensorSession
  private let types: [BlockType?]
  private let buffer = ScratchBuffer()

  init(_ base: any TensorSession, _ types: [BlockType?]) {
    self.base = base
    self.types = types
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let type = types[tensor] else { return try base.withBytes(of: tensor, range, body) }
    guard !range.isEmpty else { return try body(RawSpan()) }
    let blocks = Self.blocks(range, type)
    let output = unsafe buffer.raw(blocks.count * type.layout.elements * 4)
    try base.withBytes(of: tensor, Self.bytes(blocks, type)) { bytes in
      unsafe Dequantize.floats(of: bytes, type, into: output)
    }
    let start = unsafe output + (range.lowerBound - blocks.lowerBound * type.layout.elements * 4)
    return try body(unsafe RawSpan(_unsafeStart: start, byteCount: range.count))
  }

  func release(of tensor: Int, _ range: Range<Int>) {
    guard let type = types[tensor], !range.isEmpty else { return base.release(of: tensor, range) }
    base.release(of: tensor, Self.bytes(Self.blocks(range, type), type))
  }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    // The numbers of a block that is repeated differ among themselves.
    types[tensor] == nil ? try base.repeatedBlock(of: tensor, range) : nil
  }

  /// The blocks whose numbers a range of F32 touches.
  private static func blocks(_ range: Range<Int>, _ type: BlockType) -> Range<Int> {
    let size = type.layout.elements * 4
    return range.lowerBound / size..<(range.upperBound + size - 1) / size
  }

  private static func bytes(_ blocks: Range<Int>, _ type: BlockType) -> Range<Int> {
    blocks.lowerBound * type.layout.byteCount..<blocks.upperBound * type.layout.byteCount
  }
}

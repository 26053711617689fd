import Codecs
public import Containers
import Kernels
public import TensorModel

/// A model whose weights are of a block type: each block quantised for itself, as `BlockQuantizer` says.
///
/// Tensors of F32, F16 and BF16 that have two dimensions or more are quantised where their rows are whole blocks; the
/// others are lent as they are.
public final class BlockQuantizedModel: ModelLayer {
  public let base: any ContainerReader
  public let catalog: Catalog
  public let dtype: DType
  private let quantizer: BlockQuantizer
  /// Per tensor, the type that it had; nil where it stays as it is.
  private let sources: [DType?]
  /// The names of tensors of two dimensions or more that stay as they are because their rows are not whole blocks.
  public let unfitting: [String]
  /// The names of tensors that have a block type already, another one.
  public let quantizedBefore: [String]
  private let tally = BlockErrorTally()

  /// The types that weights are quantised to, by the names that a user gives them: `q4_0`.
  public static var types: [DType] { DType.blockTypes.filter { $0.blockType.flatMap(BlockQuantizer.init) != nil } }

  /// Quantises the tensors whose names `filter` accepts.
  /// - Precondition: `dtype` is one of `types`.
  /// - Throws: `usage` where there is nothing to quantise.
  public init(_ base: any ContainerReader, to dtype: DType, _ filter: NameFilter) throws(ModelError) {
    guard let quantizer = dtype.blockType.flatMap(BlockQuantizer.init) else {
      preconditionFailure("nothing is quantised to \(dtype.name)")
    }
    var catalog = base.catalog
    var sources: [DType?] = []
    var unfitting: [String] = []
    var quantizedBefore: [String] = []
    for index in catalog.tensors.indices {
      let info = catalog.tensors[index].info
      sources.append(nil)
      guard filter.accepts(info.name), info.shape.count >= 2, info.elementCount > 0 else { continue }
      guard info.dtype.blockType == nil else {
        if info.dtype != dtype { quantizedBefore.append(info.name) }
        continue
      }
      guard info.dtype == .f32 || BlockSource(info.dtype) != nil else { continue }
      guard info.shape.last! % dtype.blockElements == 0 else {
        unfitting.append(info.name)
        continue
      }
      sources[index] = info.dtype
      catalog.tensors[index].info = try within("tensor '\(info.name)'") { () throws(ModelError) in
        try TensorInfo(name: info.name, dtype: dtype, shape: info.shape)
      }
      catalog.tensors[index].offset = nil
    }
    guard sources.contains(where: { $0 != nil }) || catalog.tensors.isEmpty else {
      throw ModelError(
        .usage, "no tensor can be quantised to \(dtype.name): that takes F32, F16 or BF16 and rows of whole blocks",
        hint: quantizedBefore.isEmpty ? nil : "--dequantize makes F32 of blocks first"
      ).inside(base.path)
    }
    self.base = base
    self.catalog = catalog
    self.dtype = dtype
    self.quantizer = quantizer
    self.sources = sources
    self.unfitting = unfitting
    self.quantizedBefore = quantizedBefore
  }

  /// The tensors that are quantised, by their numbers.
  public var quantized: [Int] { sources.indices.filter { sources[$0] != nil } }

  /// What quantising changed in a tensor, as far as it was read.
  public func error(of tensor: Int) -> QuantizationError { tally.error(of: tensor) }

  /// The blocks of the source's chunks, so that a packed one is decoded once, where they are whole.
  public func grid(of tensor: Int) -> ChunkGrid {
    let grid = base.grid(of: tensor)
    guard let source = sources[tensor] else { return grid }
    let info = catalog.tensors[tensor].info
    let partBytes = grid.partBytes / source.blockBytes / dtype.blockElements * dtype.blockBytes
    let isWhole = grid.partBytes / source.blockBytes % dtype.blockElements == 0
    guard isWhole else { return ChunkGrid(info) }
    return (try? ChunkGrid(info, rowsPerChunk: grid.rowsPerChunk, partBytes: partBytes)) ?? ChunkGrid(info)
  }

  public func makeSession() -> any TensorSession {
    BlockQuantizedSession(base.makeSession(), quantizer, dtype, sources, catalog, tally)
  }
}

/// How the elements of a type become F32 before they are quantised; nil for F32, which are that, and for types that are
/// not quantised.
private struct BlockSource {
  let conversion: FloatConversion

  init?(_ dtype: DType) {
    guard [.f16, .bf16].contains(dtype), let conversion = FloatConversion(from: dtype, to: .f32) else { return nil }
    self.conversion = conversion
  }
}

/// Quantises what it lends in buffers of its own.
private final class BlockQuantizedSession: TensorSession {
  private let base: any TensorSession
  private let quantizer: BlockQuantizer
  private let dtype: DType
  private let sources: [DType?]
  private let catalog: Catalog
  private let tally: BlockErrorTally
  private let numbers = ScratchBuffer()
  private let blocks = ScratchBuffer()
  private let widening = BlockWidening()

  init(
    _ base: any TensorSession, _ quantizer: BlockQuantizer, _ dtype: DType, _ sources: [DType?], _ catalog: Catalog,
    _ tally: BlockErrorTally
  ) {
    self.tally = tally
    self.base = base
    self.quantizer = quantizer
    self.dtype = dtype
    self.sources = sources
    self.catalog = catalog
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let source = sources[tensor] else { return try base.withBytes(of: tensor, range, body) }
    guard !range.isEmpty else { return try body(RawSpan()) }
    let touched = range.lowerBound / dtype.blockBytes..<(range.upperBound + dtype.blockBytes - 1) / dtype.blockBytes
    let output = unsafe blocks.raw(touched.count * dtype.blockBytes)
    let failed: Int? = try base.withBytes(of: tensor, bytes(of: touched, source)) { bytes in
      let numbers = floats(bytes, source)
      if let failed = unsafe quantizer.quantize(numbers, into: output) { return failed }
      let made = unsafe RawSpan(_unsafeStart: output, byteCount: touched.count * dtype.blockBytes)
      tally.put(error(numbers, made), of: tensor, from: touched.lowerBound)
      return nil
    }
    if let failed { throw refusal(tensor, touched.lowerBound * dtype.blockElements + failed) }
    let start = unsafe output + (range.lowerBound - touched.lowerBound * dtype.blockBytes)
    return try body(unsafe RawSpan(_unsafeStart: start, byteCount: range.count))
  }

  /// The elements as F32.
  @_lifetime(borrow self, copy bytes)
  private func floats(_ bytes: RawSpan, _ source: DType) -> RawSpan {
    guard let widening = BlockSource(source)?.conversion else { return bytes }
    let count = bytes.byteCount / source.blockBytes
    let floats = unsafe numbers.raw(4 * count)
    _ = unsafe widening.convert(bytes, into: floats)
    return unsafe _overrideLifetime(RawSpan(_unsafeStart: floats, byteCount: 4 * count), borrowing: self)
  }

  /// What blocks changed in the numbers that they were made of.
  private func error(_ numbers: RawSpan, _ blocks: RawSpan) -> QuantizationError {
    var sum = QuantizationError()
    widening.forEachPiece(of: blocks, quantizer.type) { made, elements in
      let before = numbers.extracting((4 * elements.lowerBound)..<(4 * elements.upperBound))
      sum.add(QuantizationError(CompareErrors.errors(before, .f32, made, .f32, elements: elements.count)))
    }
    return sum
  }

  private func refusal(_ tensor: Int, _ element: Int) -> ModelError {
    let info = catalog.tensors[tensor].info
    var rest = element
    var index: [Int] = []
    for dimension in info.shape.reversed() {
      index.append(rest % dimension)
      rest /= dimension
    }
    let place = index.reversed().map(String.init).joined(separator: ", ")
    return ModelError(
      .unsupported, "the element at [\(place)] is NaN or infinite, which \(dtype.name) does not hold",
      hint: "--skip '\(info.name)' leaves the tensor as it is"
    ).inside("tensor '\(info.name)'")
  }

  func release(of tensor: Int, _ range: Range<Int>) {
    guard let source = sources[tensor], !range.isEmpty else { return base.release(of: tensor, range) }
    let touched = range.lowerBound / dtype.blockBytes..<(range.upperBound + dtype.blockBytes - 1) / dtype.blockBytes
    base.release(of: tensor, bytes(of: touched, source))
  }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    sources[tensor] == nil ? try base.repeatedBlock(of: tensor, range) : nil
  }

  /// The bytes of the elements of some blocks, as the source has them.
  private func bytes(of blocks: Range<Int>, _ source: DType) -> Range<Int> {
    let size = dtype.blockElements * source.blockBytes
    return blocks.lowerBound * size..<blocks.upperBound * size
  }
}

import Codecs
public import Containers
import Kernels
public import TensorModel

/// A model whose floats have another type: every number rounded once, as `FloatConversion` says.
///
/// Integers, booleans and complex numbers stay as they are, and so do the types of block formats (F4, F6_E2M3, F6_E3M2,
/// F8_E8M0): their elements are codes and scales, which mean nothing alone. A tensor that has the type already is lent as it
/// is, bit for bit.
public final class CastModel: ModelLayer {
  public let base: any ContainerReader
  public let catalog: Catalog
  public let dtype: DType
  /// Per tensor; nil where it stays as it is.
  private let conversions: [FloatConversion?]
  /// The names of tensors of block formats, which stay as they are.
  public let blockTensors: [String]
  private let tally = OverflowTally()

  /// Casts the tensors whose names `filter` accepts.
  /// - Throws: `unsupported` for a dtype that is no target of a conversion.
  public init(_ base: any ContainerReader, to dtype: DType, _ filter: NameFilter) throws(ModelError) {
    guard FloatConversion.dtypes.contains(dtype) else {
      let known = FloatConversion.dtypes.map(\.name).joined(separator: ", ")
      throw ModelError(.unsupported, "numbers can't be converted to \(dtype.name); known: \(known)")
    }
    var made: [DType: FloatConversion] = [:]
    for source in FloatConversion.dtypes where source != dtype {
      made[source] = FloatConversion(from: source, to: dtype)
    }
    var catalog = base.catalog
    var conversions: [FloatConversion?] = []
    var blockTensors: [String] = []
    for index in catalog.tensors.indices {
      let info = catalog.tensors[index].info
      let conversion = filter.accepts(info.name) ? made[info.dtype] : nil
      conversions.append(conversion)
      if conversion != nil {
        let cast = try within("tensor '\(info.name)'") { () throws(ModelError) in
          try TensorInfo(name: info.name, dtype: dtype, shape: info.shape)
        }
        catalog.tensors[index].info = cast
        catalog.tensors[index].offset = nil
      } else if filter.accepts(info.name), case .float = info.dtype.values, info.dtype != dtype {
        blockTensors.append(info.name)
      }
    }
    self.base = base
    self.catalog = catalog
    self.dtype = dtype
    self.conversions = conversions
    self.blockTensors = blockTensors
  }

  /// Whether the type has an infinity; what is too large becomes NaN in one that has none.
  public var hasInfinity: Bool { if case .float(let layout) = dtype.values { layout.specials == .ieee } else { false } }

  /// How many tensors have another type than before.
  public var castCount: Int { conversions.count { $0 != nil } }

  /// Finite elements read so far that are too large for the type, and so became infinite or NaN: the tensors that have
  /// any, in order. What is read twice counts once.
  public var overflows: [(tensor: String, count: Int)] {
    tally.counts.sorted { $0.key < $1.key }.map { (catalog.tensors[$0.key].info.name, $0.value) }
  }

  /// The chunks of the source, so that a packed one is decoded once; those of the new type where they would be too large.
  public func grid(of tensor: Int) -> ChunkGrid {
    let grid = base.grid(of: tensor)
    guard let conversion = conversions[tensor] else { return grid }
    let partBytes = grid.partBytes / conversion.source.blockBytes * dtype.blockBytes
    let info = catalog.tensors[tensor].info
    return (try? ChunkGrid(info, rowsPerChunk: grid.rowsPerChunk, partBytes: partBytes)) ?? ChunkGrid(info)
  }

  public func makeSession() -> any TensorSession { CastSession(base.makeSession(), conversions, tally) }
}

/// Converts what it lends in a buffer of its own.
private final class CastSession: TensorSession {
  private let base: any TensorSession
  private let conversions: [FloatConversion?]
  private let tally: OverflowTally
  private let buffer = ScratchBuffer()

  init(_ base: any TensorSession, _ conversions: [FloatConversion?], _ tally: OverflowTally) {
    self.base = base
    self.conversions = conversions
    self.tally = tally
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let conversion = conversions[tensor] else { return try base.withBytes(of: tensor, range, body) }
    guard !range.isEmpty else { return try body(RawSpan()) }
    let elements = range.elements(of: conversion.target)
    let output = unsafe buffer.raw(elements.count * conversion.target.blockBytes)
    try base.withBytes(of: tensor, elements.bytes(of: conversion.source)) { (bytes) throws(ModelError) in
      let lost = unsafe conversion.convert(bytes, into: output)
      guard lost > 0 else { return }
      tally.add(lost, of: tensor, elements) { part in
        let width = conversion.source.blockBytes
        let start = part.lowerBound - elements.lowerBound
        let again = bytes.extracting((start * width)..<((start + part.count) * width))
        return unsafe conversion.convert(again, into: output + start * conversion.target.blockBytes)
      }
    }
    let start = unsafe output + (range.lowerBound - elements.lowerBound * conversion.target.blockBytes)
    return try body(unsafe RawSpan(_unsafeStart: start, byteCount: range.count))
  }

  func release(of tensor: Int, _ range: Range<Int>) {
    guard let conversion = conversions[tensor], !range.isEmpty else { return base.release(of: tensor, range) }
    base.release(of: tensor, range.elements(of: conversion.target).bytes(of: conversion.source))
  }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    guard let conversion = conversions[tensor], !range.isEmpty else {
      return try base.repeatedBlock(of: tensor, range)
    }
    let elements = range.elements(of: conversion.target).bytes(of: conversion.source)
    guard let block = try base.repeatedBlock(of: tensor, elements) else { return nil }
    let output = unsafe buffer.raw(conversion.target.blockBytes)
    _ = unsafe conversion.convert(block.span.bytes, into: output)
    return unsafe Array(UnsafeRawBufferPointer(start: output, count: conversion.target.blockBytes))
  }
}

extension Range<Int> {
  /// The elements that a range of bytes touches, of a type whose elements are whole bytes.
  fileprivate func elements(of dtype: DType) -> Range<Int> {
    lowerBound / dtype.blockBytes..<(upperBound + dtype.blockBytes - 1) / dtype.blockBytes
  }

  /// The bytes of a range of elements.
  fileprivate func bytes(of dtype: DType) -> Range<Int> {
    lowerBound * dtype.blockBytes..<upperBound * dtype.blockBytes
  }
}

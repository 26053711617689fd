import Kernels
import TensorModel

/// One worker's view of the tensors of an HDF5 file.
final class HDF5Session: TensorSession {
  private let tensors: [HDF5Tensor]
  private let bytes: any HDF5Bytes
  private let chunks: HDF5ChunkReader

  /// - Parameters:
  ///   - bytes: those of the file that has the tensors.
  ///   - cache: what all sessions for these tensors share.
  ///   - makeHelper: starts a helper for what only the library decodes; nil where there is no such tensor.
  init(
    _ tensors: [HDF5Tensor], in bytes: any HDF5Bytes, cache: HDF5ChunkCache,
    makeHelper: (() throws(ModelError) -> HDF5Helper)?
  ) {
    self.tensors = tensors
    self.bytes = bytes
    chunks = HDF5ChunkReader(bytes, cache: cache, makeHelper: makeHelper)
  }

  convenience init(_ file: HDF5File) {
    self.init(
      file.header.tensors, in: HDF5MappedBytes(file), cache: file.cache,
      makeHelper: { () throws(ModelError) in
        try file.makeHelper()
      })
  }

  func withBytes<Result: ~Copyable>(
    of number: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let tensor = tensors[number]
    precondition(range.lowerBound >= 0 && range.upperBound <= tensor.info.byteCount, "a range outside of the tensor")
    guard tensor.turnsBytes else { return try withStoredBytes(number, range, body) }
    return try ByteSwap.withBlocks(tensor.info.dtype, range, body) { (whole, turn) throws(ModelError) in
      try withStoredBytes(number, whole, turn)
    }
  }

  /// Lends bytes in the order that they have in the file.
  private func withStoredBytes<Result: ~Copyable>(
    _ number: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let tensor = tensors[number]
    switch tensor.storage {
    case .place(let start):
      return try bytes.withBytes(range.moved(by: start), body)
    case .bytes(let bytes): return try body(unsafe bytes.span.bytes.extracting(range))
    case .fill: return try body(unsafe tensor.filled(range).span.bytes)
    case .chunked(let layout): return try chunks.withBytes(of: tensor, number, layout, range, body)
    case .unsupported(let reason):
      let hint = "the others can be read without it: --exclude '\(tensor.info.name)'"
      throw ModelError(.unsupported, reason, hint: hint).inside("tensor '\(tensor.info.name)'")
    }
  }

  func release(of number: Int, _ range: Range<Int>) {
    if case .place(let start) = tensors[number].storage { bytes.release(range.moved(by: start)) }
  }

  func repeatedBlock(of number: Int, _ range: Range<Int>) -> [UInt8]? {
    let tensor = tensors[number]
    switch tensor.storage {
    case .place(let start) where bytes.isHole(range.moved(by: start)):
      return [UInt8](repeating: 0, count: tensor.info.dtype.blockBytes)
    case .fill: return tensor.fillBlock
    case .chunked(let chunks) where !chunks.hasStored(for: range): return tensor.fillBlock
    default: return nil
    }
  }
}

extension Range<Int> {
  func moved(by distance: Int) -> Range<Int> { (lowerBound + distance)..<(upperBound + distance) }
}

extension HDF5Tensor {
  /// Whether bytes are lent in another order than the file has.
  var turnsBytes: Bool { isSwapped && ByteSwap.changes(info.dtype) }

  /// What `range` of the tensor holds where nothing was written, as the file would have it.
  fileprivate func filled(_ range: Range<Int>) -> [UInt8] {
    guard fill.contains(where: { $0 != 0 }) else { return [UInt8](repeating: 0, count: range.count) }
    return range.map { fill[$0 % fill.count] }
  }

  /// The element that fills what was never written, as it is lent; nil where there are several.
  var fillBlock: [UInt8]? {
    let size = info.dtype.blockBytes
    guard stride(from: size, to: fill.count, by: size).allSatisfy({ fill[$0..<($0 + size)] == fill[..<size] }) else {
      return nil
    }
    let block = Array(fill[..<size])
    guard turnsBytes else { return block }
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { target, count in
      unsafe ByteSwap.turn(block.span.bytes, info.dtype, into: UnsafeMutableRawPointer(target.baseAddress!))
      count = size
    }
  }
}

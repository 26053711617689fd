/// Name, dtype and shape of a tensor, and the sizes that follow from them, proved once.
public struct TensorInfo: Hashable, Sendable {
  public let name: String
  public let dtype: DType
  public let shape: [Int]
  /// The product of `shape`; 1 for rank 0.
  public let elementCount: Int
  /// The bytes that the elements fill, row-major, without padding.
  public let byteCount: Int

  /// Proves the sizes.
  /// - Throws: `malformed` where the product of the shape, taken from left to right, or its size in bits leaves 64 bits,
  ///   or where the elements do not fill whole blocks of the dtype.
  public init(name: String, dtype: DType, shape: [Int]) throws(ModelError) {
    var elements: UInt64 = 1
    for dimension in shape {
      guard dimension >= 0 else {
        throw ModelError(.malformed, "dimension \(dimension) in shape \(shape), expected 0 or more")
      }
      let (product, overflow) = elements.multipliedReportingOverflow(by: UInt64(dimension))
      guard !overflow else { throw ModelError(.malformed, "shape \(shape) has 2^64 elements or more") }
      elements = product
    }
    let (blocks, rest) = elements.quotientAndRemainder(dividingBy: UInt64(dtype.blockElements))
    let (bytes, overflow) = blocks.multipliedReportingOverflow(by: UInt64(dtype.blockBytes))
    guard !overflow, bytes < 1 << 61 else {
      throw ModelError(.malformed, "shape \(shape) of \(dtype.name) has 2^64 bits or more")
    }
    guard rest == 0 else {
      throw ModelError(.malformed, "shape \(shape) of \(dtype.name) does not fill whole bytes")
    }
    // Elements of one bit or more can't get there, but a packed file may name types of less.
    guard let elementCount = Int(exactly: elements) else {
      throw ModelError(.malformed, "shape \(shape) has 2^63 elements or more")
    }
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.elementCount = elementCount
    self.byteCount = Int(bytes)
  }

  /// Elements of one row: a run along the last dimension. Tensors of rank 0 and 1 are one row, and so is one whose
  /// rows end inside a byte.
  public var rowElements: Int {
    guard shape.count >= 2, let last = shape.last, last % dtype.blockElements == 0 else { return elementCount }
    return last
  }

  /// Bytes of one row; 0 only for an empty tensor, whose other dimensions may be of any size.
  public var rowBytes: Int { byteCount == 0 ? 0 : rowElements / dtype.blockElements * dtype.blockBytes }
}

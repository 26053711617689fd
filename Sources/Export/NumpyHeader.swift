import TensorModel

/// The header of a `.npy` file: NEP 1, <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
public enum NumpyHeader {
  /// Magic, version, length and dictionary, padded with spaces to a multiple of 64 bytes. Version 1.0, or 2.0 where the
  /// dictionary is longer than 65,535 bytes.
  public static func bytes(descriptor: String, shape: [Int]) -> [UInt8] {
    let dimensions = shape.map { "\($0)," }.joined(separator: " ")
    // A tuple of one has a comma behind it; a longer one needs none at its end.
    let tuple = shape.count > 1 ? String(dimensions.dropLast()) : dimensions
    let dictionary = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(tuple)), }"
    return frame(dictionary, lengthBytes: 2) ?? frame(dictionary, lengthBytes: 4)!
  }

  private static func frame(_ dictionary: String, lengthBytes: Int) -> [UInt8]? {
    let front = 6 + 2 + lengthBytes
    let total = (front + dictionary.utf8.count + 1 + 63) / 64 * 64
    let length = total - front
    guard length < 1 << (8 * lengthBytes) else { return nil }
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [lengthBytes == 2 ? 1 : 2, 0]
    for place in 0..<lengthBytes { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * place))) }
    bytes.append(contentsOf: dictionary.utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: total - 1 - bytes.count))
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  /// The type that numpy reads the elements as; floats that numpy lacks widen to f32. Nil for a type without numbers.
  static func descriptor(of dtype: DType) -> String? {
    switch dtype.values {
    case .boolean: "|b1"
    case .unsigned: dtype.blockBytes == 1 ? "|u1" : "<u\(dtype.blockBytes)"
    case .signed: dtype.blockBytes == 1 ? "|i1" : "<i\(dtype.blockBytes)"
    case .float(.f64): "<f8"
    case .float(.f16): "<f2"
    case .float, .blocks: "<f4"
    case .complex: "<c\(dtype.blockBytes)"
    case .opaque: nil
    }
  }
}

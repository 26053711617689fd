import TensorModel

/// The bytes of a header as the reference writes them: length, `__metadata__`, then the tensors in the order of their
/// data, without a space, padded with spaces to a multiple of eight.
struct SafetensorsHeaderText {
  private(set) var bytes: [UInt8] = Array(repeating: 0, count: 8)

  /// - Parameter tensors: with their `data_offsets`, in order.
  init(metadata: [(key: String, value: String)], tensors: [(info: TensorInfo, offsets: Range<Int>)]) {
    bytes.reserveCapacity(128 * (tensors.count + 1))
    write("{")
    if !metadata.isEmpty { write(metadata) }
    for (number, tensor) in tensors.enumerated() {
      if number > 0 || !metadata.isEmpty { write(",") }
      quote(tensor.info.name)
      write(":{\"dtype\":")
      quote(tensor.info.dtype.name)
      write(",\"shape\":[")
      write(tensor.info.shape)
      write("],\"data_offsets\":[")
      write([tensor.offsets.lowerBound, tensor.offsets.upperBound])
      write("]}")
    }
    write("}")
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - bytes.count % 8) % 8))
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: (bytes.count - 8) >> (8 * index)) }
  }

  private mutating func write(_ metadata: [(key: String, value: String)]) {
    write("\"__metadata__\":{")
    for (number, pair) in metadata.enumerated() {
      if number > 0 { write(",") }
      quote(pair.key)
      write(":")
      quote(pair.value)
    }
    write("}")
  }

  private mutating func write(_ numbers: [Int]) {
    for (place, number) in numbers.enumerated() {
      if place > 0 { write(",") }
      write(String(number))
    }
  }

  private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Escapes what JSON demands and nothing else, in the short form where there is one.
  private mutating func quote(_ text: String) {
    write("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): write("\\\"")
      case UInt8(ascii: "\\"): write("\\\\")
      case 0x08: write("\\b")
      case 0x09: write("\\t")
      case 0x0A: write("\\n")
      case 0x0C: write("\\f")
      case 0x0D: write("\\r")
      case 0..<0x20: write((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
      default: bytes.append(byte)
      }
    }
    write("\"")
  }
}

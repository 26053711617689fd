import HDF5Protocol
import TensorModel

/// A message of an object's header of version 1 (HDF5 file format, IV.A).
struct HDF5Message {
  private let type: UInt16
  private let isConstant: Bool
  /// A multiple of 8 bytes.
  private let content: [UInt8]

  static let headBytes = 8
  /// What is in front of the first message of a header.
  static let prefixBytes = 16

  init(_ type: UInt16, isConstant: Bool = false, _ content: [UInt8]) {
    self.type = type
    self.isConstant = isConstant
    self.content = content.padded
    precondition(self.content.count <= Int(UInt16.max))
  }

  var byteCount: Int { Self.headBytes + content.count }

  func write(to writer: inout ByteWriter) {
    writer.integer(type)
    writer.integer(UInt16(content.count))
    writer.integer(UInt32(isConstant ? 1 : 0))
    writer.append(content)
  }

  /// A dataspace, which does not grow.
  static func space(_ shape: [Int]) -> [UInt8] {
    var writer = ByteWriter()
    writer.append([1, UInt8(shape.count), 0, 0, 0, 0, 0, 0])
    for dimension in shape { writer.integer(UInt64(dimension)) }
    return writer.bytes
  }

  /// What was never written is zeros. The room of what lies in one piece is taken when it is written, that of chunks one
  /// by one.
  static func fill(isChunked: Bool) -> [UInt8] { [2, isChunked ? 3 : 2, 2, 1, 0, 0, 0, 0] }

  /// Elements in one piece, which lie nowhere yet.
  static func contiguousLayout(_ byteCount: Int) -> [UInt8] {
    var writer = ByteWriter()
    writer.append([3, 1])
    writer.integer(UInt64.max)
    writer.integer(UInt64(byteCount))
    return writer.bytes
  }

  /// An attribute: of version 1 where its name is ASCII, else of version 3, which says that it is UTF-8.
  static func attribute(_ name: [UInt8], _ attribute: HDF5OutputAttribute, _ elements: [UInt8]) -> [UInt8] {
    let isASCII = name.allSatisfy { $0 < 0x80 }
    let (type, space) = (attribute.type.message, space(attribute.shape))
    var writer = ByteWriter()
    writer.append([isASCII ? 1 : 3, 0])
    for count in [name.count + 1, type.count, space.count] { writer.integer(UInt16(count)) }
    if !isASCII { writer.byte(1) }
    for part in [name + [0], type, space] { writer.append(isASCII ? part.padded : part) }
    writer.append(elements)
    return writer.bytes
  }
}

extension [UInt8] {
  /// With zeros behind it to a multiple of 8 bytes.
  var padded: [UInt8] { self + [UInt8](repeating: 0, count: count.padding(to: 8)) }
}

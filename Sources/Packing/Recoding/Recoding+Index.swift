import Containers
import Kernels
import TensorModel

/// Recodings as the index of a packed file states them.
extension Recoding {
  func write(to writer: inout ByteWriter) {
    for side in sides {
      writer.varint(side.start)
      writer.varint(side.count)
      writer.varint(side.padded)
    }
    writer.varint(fill.count)
    writer.append(fill)
    writer.varint(transforms.count)
    for transform in transforms {
      let parameters = transform.parameters
      writer.varint(transform.id)
      writer.varint(parameters.count)
      writer.append(parameters)
    }
  }

  /// - Parameter info: the tensor that the box is taken of.
  static func parse(_ cursor: inout ByteCursor, _ info: TensorInfo) throws(ModelError) -> Recoding {
    var sides: [Side] = []
    for _ in info.shape.indices {
      sides.append(
        Side(
          start: try cursor.varint("the start of a box"), count: try cursor.varint("the elements of a box"),
          padded: try cursor.varint("the padded elements of a box")))
    }
    let fill = try cursor.octets("the padding")
    var transforms: [ByteTransform] = []
    let count = try cursor.count("the number of transforms", unit: 2)
    guard count <= maximumTransforms else {
      throw ModelError(.malformed, "\(count) transforms, expected at most \(maximumTransforms)")
    }
    for _ in 0..<count {
      let id = try cursor.varint("a transform")
      let parameters = try cursor.octets("the parameters of a transform")
      transforms.append(
        try ByteTransform(id: id, parameters: parameters, origin: cursor.offset - parameters.count))
    }
    return Recoding(sides: sides, fill: fill, transforms: transforms)
  }

  /// Demands that the recoding fits the tensor, and may make so many bytes of it.
  func demandGives(_ byteCount: Int, _ info: TensorInfo) throws(ModelError) {
    let box = try boxByteCount(info)
    // One that makes nothing says no more than that the file has the tensor. A tensor of rank 0 has no side to say so.
    guard byteCount > 0 else {
      guard transforms.isEmpty, sides.isEmpty || isEmpty else {
        throw ModelError(.malformed, "no bytes are made of a box of \(box)")
      }
      return
    }
    guard !isEmpty else { throw ModelError(.malformed, "\(byteCount) bytes are made of an empty box") }
    guard byteCount <= Self.maximumByteCount, box <= Self.shrinking * byteCount + 1024 else {
      throw ModelError(.malformed, "\(byteCount) bytes are made of a box of \(box)")
    }
  }

  /// The most bytes that come of a box.
  private static var maximumByteCount: Int { 65 << 20 }
  /// No transform makes bytes fewer by more than this.
  private static var shrinking: Int { 1040 }
}

import Kernels
import TensorModel

/// An order in which the elements of a chunk are stored, recorded around its mask stage.
enum ChunkOrder {
  /// Rows that are alike put together.
  case rows(RowOrder)
  /// By the magnitudes of the base's elements, of so many bytes.
  case sorted(width: Int)

  /// The id of the mask stage that records it.
  var id: String {
    switch self {
    case .rows: "rows"
    case .sorted: "sorted"
    }
  }

  /// The parameters around those of another mask stage.
  func parameters(around mask: Int, _ parameters: [UInt8]) -> [UInt8] {
    switch self {
    case .rows(let order): order.parameters(around: mask, parameters)
    case .sorted(let width): SortedEncoding.parameters(width: width, around: mask, parameters)
    }
  }

  /// The stream that stands before those of the other mask stage.
  var stream: [UInt8]? {
    switch self {
    case .rows(let order): order.classes
    case .sorted: nil
    }
  }

  /// The bytes of a block of a stream, which may have a code of its own: neighbours in the order are alike.
  func blockBytes(_ count: Int) -> Int {
    switch self {
    case .rows: min(max(count / 8 + 1, 8192), HuffmanFrame.largestBlock)
    case .sorted: 8192
    }
  }
}

/// Elements in the order of the base's magnitudes, around another mask stage (`formats/encodings/sorted.md`).
public struct SortedEncoding: Encoding {
  public let id = "sorted"
  public let summary = "elements in the order of the base's magnitudes, before anything else"
  public let stage = EncodingStage.mask

  static func parameters(width: Int, around mask: Int, _ parameters: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(UInt8(width))
    writer.varint(mask)
    writer.append(parameters)
    return writer.bytes
  }

  /// What the parameters say: bytes of an element, the other mask stage and its parameters.
  static func parse(_ parameters: [UInt8]) throws(ModelError) -> (width: Int, mask: Int, parameters: [UInt8]) {
    var cursor = unsafe ByteCursor(parameters.span.bytes)
    let width = Int(try cursor.byte("the width of 'sorted'"))
    let mask = try cursor.varint("the mask within 'sorted'")
    guard [1, 2, 4, 8].contains(width) else {
      throw ModelError(.malformed, "'sorted' of elements of \(width) bytes")
    }
    return (width, mask, Array(parameters[cursor.position...]))
  }
}

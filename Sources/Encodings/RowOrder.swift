import Kernels
import TensorModel

/// Rows that are alike put together, around another mask stage (`formats/encodings/rows.md`).
public struct RowsEncoding: Encoding {
  public let id = "rows"
  public let summary = "rows that are alike put together, before anything else"
  public let stage = EncodingStage.mask
}

/// Which rows of a chunk are alike, and so in which order they are stored.
struct RowOrder {
  let rowBytes: Int
  /// The class of each row.
  let classes: [UInt8]

  static let mostClasses = 16
  private static let classes = 8
  /// Fewer rows are not told apart.
  private static let fewestRows = 64

  /// Classes rows of floats by the mean exponent of what is not zero; nil for elements that have none, and for few rows.
  @unsafe init?(_ elements: Elements, rowBytes: Int) {
    let type = unsafe elements.type
    guard type.isFloat, rowBytes > 0, unsafe elements.byteCount % rowBytes == 0, rowBytes % type.width == 0 else {
      return nil
    }
    let rows = unsafe elements.byteCount / rowBytes
    guard rows >= Self.fewestRows else { return nil }
    let keys = (0..<rows).map { row in
      unsafe RowExponents.mean(
        elements.start + row * rowBytes, elements: rowBytes / type.width, width: type.width,
        exponentBits: type.exponentBits)
    }
    var classes = [UInt8](repeating: 0, count: rows)
    let ranked = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    for (rank, row) in ranked.enumerated() { classes[row] = UInt8(rank * Self.classes / rows) }
    self.rowBytes = rowBytes
    self.classes = classes
  }

  init(rowBytes: Int, classes: [UInt8]) {
    self.rowBytes = rowBytes
    self.classes = classes
  }

  /// The rows in the order in which they are stored.
  private var stored: [Int] {
    var lists = [[Int]](repeating: [], count: Self.mostClasses)
    for (row, number) in classes.enumerated() { lists[Int(number)].append(row) }
    return lists.flatMap { $0 }
  }

  /// The chunk's rows as they are stored.
  @unsafe func gather(_ chunk: UnsafeRawPointer, into target: UnsafeMutableRawPointer) {
    for (place, row) in stored.enumerated() {
      unsafe (target + place * rowBytes).copyMemory(from: chunk + row * rowBytes, byteCount: rowBytes)
    }
  }

  /// The rows put back where they belong.
  @unsafe func scatter(_ rows: UnsafeRawPointer, into chunk: UnsafeMutableRawPointer) {
    for (place, row) in stored.enumerated() {
      unsafe (chunk + row * rowBytes).copyMemory(from: rows + place * rowBytes, byteCount: rowBytes)
    }
  }

  /// The parameters around those of another mask stage.
  func parameters(around mask: Int, _ parameters: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.varint(rowBytes)
    writer.varint(mask)
    writer.append(parameters)
    return writer.bytes
  }

  /// What the parameters of `rows` say: bytes of a row, the other mask stage and its parameters.
  static func parse(_ parameters: [UInt8]) throws(ModelError) -> (rowBytes: Int, mask: Int, parameters: [UInt8]) {
    var cursor = unsafe ByteCursor(parameters.span.bytes)
    let rowBytes = try cursor.varint("the bytes of a row")
    let mask = try cursor.varint("the mask within 'rows'")
    guard rowBytes > 0 else { throw ModelError(.malformed, "rows of no bytes") }
    return (rowBytes, mask, Array(parameters[cursor.position...]))
  }

  /// The order that a stage records, for a chunk of `byteCount` bytes.
  init(_ stage: StageReader, rowBytes: Int, byteCount: Int) throws(ModelError) {
    guard byteCount % rowBytes == 0, stage.streamCount > 0 else {
      throw ModelError(.malformed, "rows of \(rowBytes) bytes in a chunk of \(byteCount)")
    }
    let classes = try unsafe [UInt8](stage.stream(0, byteCount: byteCount / rowBytes))
    guard classes.allSatisfy({ $0 < Self.mostClasses }) else {
      throw ModelError(.malformed, "a row of class 16 or more")
    }
    self.init(rowBytes: rowBytes, classes: classes)
  }
}

import Kernels
import TensorModel

/// The parameters of a `grid` stage: the layout, and which levels there are.
struct GridParameters {
  var layout: GridLayout
  /// Whether the levels are listed; else they are integers from −`low` up.
  var isListed: Bool
  var low: Int
  var levels: Int

  private static let listed: UInt8 = 1
  private static let divides: UInt8 = 2
  private static let corrects: UInt8 = 4
  private static let hasOffsets: UInt8 = 8

  var streamCount: Int { layout.hasOffsets ? 14 : 10 }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(layout.kind.rawValue)
    writer.byte(
      (isListed ? Self.listed : 0) | (layout.divides ? Self.divides : 0) | (layout.corrects ? Self.corrects : 0)
        | (layout.hasOffsets ? Self.hasOffsets : 0))
    writer.varint(layout.row)
    writer.varint(layout.groupRows)
    writer.varint(layout.groupColumns)
    writer.byte(UInt8(low))
    writer.varint(levels)
    return writer.bytes
  }

  init(layout: GridLayout, isListed: Bool, low: Int, levels: Int) {
    self.layout = layout
    self.isListed = isListed
    self.low = low
    self.levels = levels
  }

  /// - Throws: `malformed` where a value is outside of its range.
  init(_ bytes: [UInt8]) throws(ModelError) {
    var cursor = unsafe ByteCursor(bytes.span.bytes)
    let number = try cursor.byte("the kind of a grid")
    guard let kind = GridKind(rawValue: number) else {
      throw ModelError(.malformed, "a grid of kind \(number), expected 0 to 2")
    }
    let flags = try cursor.byte("the flags of a grid")
    let row = try cursor.varint("the row of a grid")
    let groupRows = try cursor.varint("the rows of a grid's group")
    let groupColumns = try cursor.varint("the columns of a grid's group")
    low = Int(try cursor.byte("the lowest level of a grid"))
    levels = try cursor.varint("the levels of a grid")
    layout = GridLayout(kind: kind, row: row, groupRows: groupRows, groupColumns: groupColumns)
    layout.divides = flags & Self.divides != 0
    layout.corrects = flags & Self.corrects != 0
    layout.hasOffsets = flags & Self.hasOffsets != 0
    isListed = flags & Self.listed != 0
    guard flags < 16, (1...GridLayout.largestExtent).contains(row), groupRows <= GridLayout.largestExtent,
      groupColumns <= GridLayout.largestExtent, (1...256).contains(levels), cursor.position == bytes.count
    else { throw ModelError(.malformed, "'grid' has the parameters \(bytes)") }
  }
}

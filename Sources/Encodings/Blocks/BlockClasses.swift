import Kernels
import TensorModel

/// Classes of parts of blocks, by the keys of their scales: the codes of a class have Huffman codes of their own.
struct BlockClasses: Hashable {
  /// Ascending: a key lies behind as many of them as are no larger. Of ratios, and of scales.
  let ratios: [Float]
  let scales: [Float]
  /// The class of each cell, those of one ratio together.
  let classes: [UInt8]

  static let mostCells = 64
  static let mostClasses = 32

  /// One class for all.
  static let single = BlockClasses(ratios: [], scales: [], classes: [0])

  init(ratios: [Float], scales: [Float], classes: [UInt8]) {
    self.ratios = ratios
    self.scales = scales
    self.classes = classes
  }

  var cells: Int { (ratios.count + 1) * (scales.count + 1) }
  var count: Int { classes.reduce(0) { max($0, Int($1) + 1) } }

  /// The cell of each key. None is behind a boundary that it cannot be compared with.
  @unsafe func findCells(_ keys: UnsafeBufferPointer<BlockKey>, into cells: UnsafeMutablePointer<UInt8>) {
    let perRatio = UInt8(truncatingIfNeeded: scales.count &+ 1)
    unsafe cells.update(repeating: 0, count: keys.count)
    for boundary in ratios {
      var index = 0
      while index < keys.count {
        unsafe cells[index] &+= unsafe keys[index].ratio >= boundary ? perRatio : 0
        index &+= 1
      }
    }
    for boundary in scales {
      var index = 0
      while index < keys.count {
        unsafe cells[index] &+= unsafe keys[index].scale >= boundary ? 1 : 0
        index &+= 1
      }
    }
  }

  /// The class of each key.
  @unsafe func classify(_ keys: UnsafeBufferPointer<BlockKey>, into ranks: UnsafeMutablePointer<UInt8>) {
    unsafe findCells(keys, into: ranks)
    unsafe classes.withUnsafeBufferPointer { classes in
      var index = 0
      while index < keys.count {
        unsafe ranks[index] = unsafe classes[Int(ranks[index])]
        index &+= 1
      }
    }
  }

  /// How many parts are in each class.
  @unsafe func partCounts(_ ranks: UnsafePointer<UInt8>, _ parts: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: count)
    unsafe counts.withUnsafeMutableBufferPointer { counts in
      var part = 0
      while part < parts {
        unsafe counts[Int(ranks[part])] &+= 1
        part &+= 1
      }
    }
    return counts
  }
}

/// The recorded parameters of `blocks`.
struct BlockParameters: Hashable {
  let type: BlockType
  /// Blocks of a row; 0 where ratios are not those to the mean scale of a row.
  let rowBlocks: Int
  let classes: BlockClasses

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.string(type.rawValue)
    writer.varint(rowBlocks)
    for boundaries in [classes.ratios, classes.scales] {
      writer.byte(UInt8(boundaries.count))
      for boundary in boundaries { writer.integer(boundary.bitPattern) }
    }
    writer.append(classes.classes)
    return writer.bytes
  }

  init(type: BlockType, rowBlocks: Int, classes: BlockClasses) {
    self.type = type
    self.rowBlocks = rowBlocks
    self.classes = classes
  }

  /// - Throws: `unsupported` where the type is not known, `malformed` where the parameters are not what they should be.
  init(_ bytes: [UInt8]) throws(ModelError) {
    var cursor = unsafe ByteCursor(bytes.span.bytes)
    let name = try cursor.string("the name of a block type")
    guard let type = BlockType(rawValue: name) else { throw ModelError(.unsupported, "blocks of type '\(name)'") }
    self.type = type
    rowBlocks = try cursor.varint("the blocks of a row")
    guard rowBlocks == 0 || !BlockSymbols(type).hasRatios else {
      throw ModelError(.malformed, "rows of \(rowBlocks) blocks of \(name), expected none")
    }
    let ratios = try Self.boundaries(&cursor)
    let scales = try Self.boundaries(&cursor)
    let cells = (ratios.count + 1) * (scales.count + 1)
    guard cells <= BlockClasses.mostCells else {
      throw ModelError(.malformed, "\(cells) cells of keys, expected at most \(BlockClasses.mostCells)")
    }
    var classes: [UInt8] = []
    for _ in 0..<cells { classes.append(try cursor.byte("the class of a cell")) }
    try cursor.end(of: "the classes of 'blocks'")
    guard classes.allSatisfy({ $0 < BlockClasses.mostClasses }) else {
      throw ModelError(.malformed, "the classes \(classes), expected below \(BlockClasses.mostClasses)")
    }
    self.classes = BlockClasses(ratios: ratios, scales: scales, classes: classes)
  }

  private static func boundaries(_ cursor: inout ByteCursor) throws(ModelError) -> [Float] {
    let count = Int(try cursor.byte("the number of boundaries"))
    var boundaries: [Float] = []
    for _ in 0..<count { boundaries.append(Float(bitPattern: try cursor.integer(UInt32.self, "a boundary"))) }
    guard boundaries.allSatisfy({ !$0.isNaN }), zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw ModelError(.malformed, "the boundaries of classes are not ascending")
    }
    return boundaries
  }
}

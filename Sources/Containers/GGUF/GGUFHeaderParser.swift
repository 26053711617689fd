import TensorModel

/// Reads a header into claims and metadata, held to the grammar.
struct GGUFHeaderParser {
  let limits: Limits
  private(set) var version = 0
  private(set) var byteOrder = ByteOrder.little
  private(set) var alignment = 32
  private(set) var dataStart = 0
  private(set) var end = 0
  private(set) var longArrays: [FileLayout.Gap] = []
  private(set) var claims: [GGUFClaim] = []
  private(set) var metadata: [MetadataEntry] = []

  init(limits: Limits) { self.limits = limits }

  /// The fewest bytes of a pair: a key of one byte behind its length, a type, a value of one byte.
  private static let leastPairBytes = 14
  /// The fewest bytes of what a header says of a tensor: an empty name, no dimension, a type and an offset.
  private static let leastTensorBytes = 24

  /// - Parameter bytes: the file from its start.
  mutating func parse(_ bytes: RawSpan) throws(ModelError) {
    var start = ByteCursor(bytes)
    guard GGUFHeader.recognises(try start.take(4, "the magic")) else {
      throw ModelError(.malformed, "expected 'GGUF' as the first bytes", at: 0)
    }
    try parseVersion(&start)
    var cursor = GGUFCursor(bytes, order: byteOrder, headerBytes: limits.headerBytes)
    _ = try cursor.take(8, unit: 1, "the magic and the version")
    let tensorCount = try cursor.count("the count of tensors", unit: Self.leastTensorBytes)
    let pairCount = try cursor.count("the count of keys", unit: Self.leastPairBytes)
    try parseMetadata(&cursor, count: pairCount)
    try parseTensors(&cursor, count: tensorCount)
    end = cursor.offset
    // The header has fewer than 2^62 bytes, and an alignment has fewer than 33 bits.
    dataStart = (cursor.offset + alignment - 1) / alignment * alignment
  }

  /// A version whose low half is zero was written in the other order.
  private mutating func parseVersion(_ cursor: inout ByteCursor) throws(ModelError) {
    let word = try cursor.integer(UInt32.self, "the version")
    byteOrder = word & 0xFFFF == 0 && word != 0 ? .big : .little
    let number = byteOrder == .big ? word.byteSwapped : word
    guard number != 0 else { throw ModelError(.malformed, "version 0, expected 2 or 3", at: 4) }
    guard number == 2 || number == 3 else {
      throw ModelError(.unsupported, "version \(number) of GGUF; known: 2 and 3", at: 4)
    }
    version = Int(number)
  }

  private mutating func parseMetadata(_ cursor: inout GGUFCursor, count: Int) throws(ModelError) {
    var parser = GGUFValueParser()
    var keys = NameIndex()
    for number in 0..<count {
      let position = cursor.offset
      let key = try cursor.name("key \(number) of the metadata")
      guard !key.isEmpty else {
        throw ModelError(.malformed, "key \(number) of the metadata is empty", at: position)
      }
      guard keys.insert(key) == nil else { throw ModelError(.malformed, "key '\(key)' comes twice", at: position) }
      let valuePosition = cursor.offset
      let value = try within("key '\(key)'") { () throws(ModelError) in try parser.value(&cursor) }
      metadata.append(MetadataEntry(key: key, value: value))
      if key == "general.alignment" { alignment = try Self.alignment(value, at: valuePosition) }
    }
    longArrays = parser.longArrays
  }

  /// - Parameter position: of the value's type; the value follows it.
  private static func alignment(_ value: MetadataValue, at position: Int) throws(ModelError) -> Int {
    guard case .number(let number) = value, number.type == .u32 else {
      throw ModelError(.malformed, "key 'general.alignment': \(value.typeName), expected u32", at: position)
    }
    guard number.bits.nonzeroBitCount == 1 else {
      throw ModelError(
        .malformed, "key 'general.alignment': \(number.bits), expected a power of two", at: position + 4)
    }
    return Int(number.bits)
  }

  private mutating func parseTensors(_ cursor: inout GGUFCursor, count: Int) throws(ModelError) {
    claims.reserveCapacity(count)
    var names = NameIndex()
    for number in 0..<count {
      let position = cursor.offset
      let name = try cursor.name("the name of tensor \(number)")
      guard names.insert(name) == nil else {
        throw ModelError(.malformed, "tensor '\(name)' comes twice", at: position)
      }
      let claim = try within("tensor '\(name)'") { () throws(ModelError) in try parseTensor(&cursor, name: name) }
      claims.append(claim)
    }
  }

  private func parseTensor(_ cursor: inout GGUFCursor, name: String) throws(ModelError) -> GGUFClaim {
    let shapePosition = cursor.offset
    let shape = try parseShape(&cursor)
    let typePosition = cursor.offset
    let dtype = try Self.dtype(try cursor.integer(UInt32.self, "the type"), at: typePosition)
    let position = cursor.offset
    let begin = try cursor.integer(UInt64.self, "the offset")
    let row = shape.last ?? 1
    guard row % dtype.blockElements == 0 else {
      throw ModelError(
        .malformed, "rows of \(row) elements of \(dtype.name), expected a multiple of \(dtype.blockElements)",
        at: shapePosition)
    }
    do throws(ModelError) {
      return GGUFClaim(info: try TensorInfo(name: name, dtype: dtype, shape: shape), begin: begin, position: position)
    } catch {
      var error = error
      error.byteOffset = shapePosition
      throw error
    }
  }

  /// The shape, row-major: a file names the dimension along which elements lie side by side first.
  private func parseShape(_ cursor: inout GGUFCursor) throws(ModelError) -> [Int] {
    let start = cursor.offset
    let rank = try cursor.integer(UInt32.self, "the count of dimensions")
    guard rank <= limits.rank else {
      throw ModelError(.malformed, "\(rank) dimensions, expected at most \(limits.rank)", at: start)
    }
    var shape: [Int] = []
    for _ in 0..<rank {
      let position = cursor.offset
      let claim = try cursor.integer(UInt64.self, "a dimension")
      guard let dimension = Int(exactly: claim) else {
        throw ModelError(.malformed, "dimension \(claim), expected at most \(Int.max)", at: position)
      }
      shape.append(dimension)
    }
    return shape.reversed()
  }

  private static func dtype(_ id: UInt32, at position: Int) throws(ModelError) -> DType {
    if let dtype = DType.ggml(id: id) { return dtype }
    let reason = DType.wasRemovedFromGGML(id: id) ? "which ggml has removed" : "which this build does not know"
    throw ModelError(.unsupported, "type \(id) of ggml, \(reason)", at: position)
  }
}

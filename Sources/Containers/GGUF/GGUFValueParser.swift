import TensorModel

/// Reads values of metadata. Long arrays become one piece of memory each, whatever the number of their elements.
struct GGUFValueParser {
  /// Arrays in arrays so far, which take far more memory than room in a file.
  private var nestedArrays = 0
  /// Where the numbers of long arrays lie in the file, in order.
  private(set) var longArrays: [FileLayout.Gap] = []
  /// Nobody is known to nest arrays at all.
  private static let maximumNestedArrays = 65_536

  /// A value behind its type.
  mutating func value(_ cursor: inout GGUFCursor) throws(ModelError) -> MetadataValue {
    switch try Self.type(&cursor, "the type") {
    case .number(let type): .number(try Self.number(type, &cursor))
    case .string: .string(try Self.string(&cursor))
    case .array: .array(try array(&cursor, depth: 1))
    }
  }

  private static func type(
    _ cursor: inout GGUFCursor, _ what: String
  ) throws(ModelError) -> GGUFValueType {
    let start = cursor.offset
    let id = try cursor.integer(UInt32.self, what)
    guard let type = GGUFValueType(id: id) else {
      throw ModelError(.unsupported, "type \(id) of values, which this build does not know", at: start)
    }
    return type
  }

  private static func number(
    _ type: MetadataNumber.NumberType, _ cursor: inout GGUFCursor
  ) throws(ModelError) -> MetadataNumber {
    let start = cursor.offset
    let bits: UInt64 =
      switch type.byteCount {
      case 1: UInt64(try cursor.integer(UInt8.self, "a value"))
      case 2: UInt64(try cursor.integer(UInt16.self, "a value"))
      case 4: UInt64(try cursor.integer(UInt32.self, "a value"))
      default: try cursor.integer(UInt64.self, "a value")
      }
    guard let number = MetadataNumber(type, bits: bits) else {
      throw ModelError(.malformed, "a boolean of \(bits), expected 0 or 1", at: start)
    }
    return number
  }

  private static func string(_ cursor: inout GGUFCursor) throws(ModelError) -> [UInt8] {
    try cursor.counted("the length of a string").copied
  }

  private mutating func array(_ cursor: inout GGUFCursor, depth: Int) throws(ModelError) -> MetadataArray {
    let start = cursor.offset
    let type = try Self.type(&cursor, "the type of an array")
    let count = try cursor.count("the count of an array", unit: type.leastBytes)
    let elements: MetadataArray.Elements
    switch type {
    case .number(let type):
      let first = cursor.offset
      elements = .numbers(type, try Self.numbers(type, count, &cursor))
      if type.byteCount > 1, cursor.offset - first >= GGUFHeader.longBytes {
        longArrays.append(FileLayout.Gap(range: first..<cursor.offset, elementBytes: type.byteCount))
      }

    case .string: elements = .strings(try Self.strings(count, &cursor))
    case .array:
      nestedArrays += count
      guard depth < MetadataArray.maximumDepth, nestedArrays <= Self.maximumNestedArrays else {
        throw ModelError(
          .malformed,
          "arrays in arrays, expected at most \(Self.maximumNestedArrays), \(MetadataArray.maximumDepth) deep",
          at: start)
      }
      var arrays: [MetadataArray] = []
      arrays.reserveCapacity(count)
      for _ in 0..<count { arrays.append(try array(&cursor, depth: depth + 1)) }
      elements = .arrays(arrays)
    }
    do throws(ModelError) {
      return try MetadataArray(elements)
    } catch {
      var error = error
      error.byteOffset = start
      throw error
    }
  }

  /// Numbers as they lie in the file, turned where its order is the other.
  private static func numbers(
    _ type: MetadataNumber.NumberType, _ count: Int, _ cursor: inout GGUFCursor
  ) throws(ModelError) -> [UInt8] {
    var bytes = try cursor.take(count, unit: type.byteCount, "an array").copied
    guard cursor.order == .big, type.byteCount > 1 else { return bytes }
    for start in stride(from: 0, to: bytes.count, by: type.byteCount) {
      bytes[start..<(start + type.byteCount)].reverse()
    }
    return bytes
  }

  private static func strings(_ count: Int, _ cursor: inout GGUFCursor) throws(ModelError) -> MetadataStrings {
    var strings = MetadataStrings()
    strings.reserveCapacity(count)
    for _ in 0..<count { strings.append(try cursor.counted("the length of a string of an array")) }
    return strings
  }
}

extension RawSpan {
  /// The bytes, in memory of their own.
  fileprivate var copied: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

/// An array in metadata: a shape, and elements of one type, row-major.
public struct MetadataArray: Hashable, Sendable {
  /// How deep arrays may lie in one another.
  public static let maximumDepth = 16
  /// The most dimensions of an array.
  public static let maximumRank = 32

  public enum Elements: Hashable, Sendable {
    /// The numbers' bits behind each other, each in the bytes of its type, little-endian.
    case numbers(MetadataNumber.NumberType, [UInt8])
    case strings(MetadataStrings)
    case arrays([MetadataArray])
  }

  /// One dimension or more, at most `maximumRank`; their product is the number of elements.
  public let shape: [Int]
  public let elements: Elements

  /// An array of one dimension.
  /// - Throws: what `init(shape:_:)` throws.
  public init(_ elements: Elements) throws(ModelError) {
    try self.init(shape: [elements.count], elements)
  }

  /// - Throws: `malformed` where there are no dimensions or too many, the elements are not as many as `shape` says, numbers do not fill whole bytes of their
  ///   type, a boolean is neither 0 nor 1, or arrays lie deeper than `maximumDepth`.
  public init(shape: [Int], _ elements: Elements) throws(ModelError) {
    if case .numbers(let type, let bytes) = elements {
      guard bytes.count % type.byteCount == 0 else {
        throw ModelError(.malformed, "\(bytes.count) bytes of \(type.rawValue)")
      }
      guard type != .bool || bytes.allSatisfy({ $0 <= 1 }) else {
        throw ModelError(.malformed, "a boolean that is neither 0 nor 1")
      }
    }
    guard (1...Self.maximumRank).contains(shape.count), Self.product(shape) == elements.count else {
      throw ModelError(.malformed, "\(elements.count) elements in an array of shape \(shape.prefix(Self.maximumRank))")
    }
    self.shape = shape
    self.elements = elements
    guard depth <= Self.maximumDepth else {
      throw ModelError(.malformed, "arrays lie in one another more than \(Self.maximumDepth) deep")
    }
  }

  public var count: Int { elements.count }

  /// 1 for an array of numbers or strings.
  private var depth: Int {
    guard case .arrays(let arrays) = elements else { return 1 }
    return 1 + (arrays.lazy.map(\.depth).max() ?? 0)
  }

  /// Nil where a dimension is negative or the product leaves `Int`. A zero anywhere makes it 0.
  private static func product(_ shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    guard !shape.contains(0) else { return 0 }
    var product = 1
    for dimension in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}

extension MetadataArray.Elements {
  public var count: Int {
    switch self {
    case .numbers(let type, let bytes): bytes.count / type.byteCount
    case .strings(let strings): strings.count
    case .arrays(let arrays): arrays.count
    }
  }

  /// The type of an element: `f32`, `string`, `array`.
  public var typeName: String {
    switch self {
    case .numbers(let type, _): type.rawValue
    case .strings: "string"
    case .arrays: "array"
    }
  }

  /// Element `index` as a value of its own.
  public subscript(index: Int) -> MetadataValue {
    switch self {
    case .numbers(let type, let bytes):
      var bits: UInt64 = 0
      for place in (0..<type.byteCount).reversed() { bits = bits << 8 | UInt64(bytes[index * type.byteCount + place]) }
      // An array proves its booleans.
      return .number(MetadataNumber(type, bits: bits)!)
    case .strings(let strings): return .string(Array(strings[index]))
    case .arrays(let arrays): return .array(arrays[index])
    }
  }
}

extension [UInt8] {
  /// Appends the bytes of a number, little-endian.
  package mutating func append(_ number: MetadataNumber) {
    for place in 0..<number.type.byteCount { append(UInt8(truncatingIfNeeded: number.bits >> UInt64(8 * place))) }
  }
}

/// Many strings in two pieces of memory: a vocabulary has hundreds of thousands.
public struct MetadataStrings: Hashable, Sendable {
  private var bytes: [UInt8] = []
  /// Where each string ends in `bytes`.
  private var ends: [Int] = []

  public init() {}

  public init(_ strings: [String]) {
    for string in strings { append(string.utf8) }
  }

  public var count: Int { ends.count }

  public mutating func append(_ string: some Collection<UInt8>) {
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
  }

  package mutating func append(_ string: RawSpan) {
    unsafe string.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    ends.append(bytes.count)
  }

  package mutating func reserveCapacity(_ count: Int) { ends.reserveCapacity(count) }

  /// The bytes of string `index`.
  public subscript(index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }
}

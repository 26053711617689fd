import TensorModel

/// What a header says of a tensor's place, before it is proved.
struct SafetensorsClaim {
  let info: TensorInfo
  let begin: UInt64
  let end: UInt64
  /// Where `data_offsets` stands in the file, for errors.
  let position: Int
}

/// Reads the JSON text of a header into claims, held to the grammar and to the types of its members.
struct SafetensorsHeaderParser {
  let limits: Limits
  private(set) var claims: [SafetensorsClaim] = []
  /// The pairs of `__metadata__` but that of `SafetensorsMetadata.key`.
  private(set) var metadata: [(key: String, value: String)] = []
  /// What stands under that key, and where.
  private(set) var typedMetadata: (text: String, position: Int)?
  private var names = NameIndex()
  private var hasMetadata = false

  init(limits: Limits) { self.limits = limits }

  /// - Parameter text: the header without its length.
  mutating func parse(_ text: RawSpan) throws(ModelError) {
    var scanner = JSONScanner(text, origin: 8, maximumDepth: limits.jsonDepth)
    guard scanner.starts(with: "{") else { throw scanner.unexpected("'{' as the first byte of the header") }
    try scanner.beginObject("the header")
    while let key = try scanner.nextKey() {
      if scanner.text(key, equals: "__metadata__") {
        try parseMetadata(&scanner, key)
      } else {
        let name = scanner.text(key)
        guard names.insert(name) == nil else {
          throw ModelError(.malformed, "tensor '\(name)' comes twice", at: scanner.offset(of: key))
        }
        try within("tensor '\(name)'") { () throws(ModelError) in
          claims.append(try parseTensor(&scanner, name: name))
        }
      }
    }
    try scanner.end(of: "the header")
  }

  private mutating func parseMetadata(_ scanner: inout JSONScanner, _ key: JSONString) throws(ModelError) {
    guard !hasMetadata else {
      throw ModelError(.malformed, "'__metadata__' comes twice", at: scanner.offset(of: key))
    }
    hasMetadata = true
    // The reference takes null for an absent object.
    if scanner.takeNull() { return }
    try scanner.beginObject("'__metadata__'")
    var keys = NameIndex()
    while let key = try scanner.nextKey() {
      let name = scanner.text(key)
      guard keys.insert(name) == nil else {
        throw ModelError(.malformed, "key '\(name)' of '__metadata__' comes twice", at: scanner.offset(of: key))
      }
      let value = try scanner.string("the value of '\(name)' in '__metadata__'")
      if name == SafetensorsMetadata.key {
        typedMetadata = (scanner.text(value), scanner.offset(of: value))
      } else {
        metadata.append((name, scanner.text(value)))
      }
    }
  }

  private func parseTensor(_ scanner: inout JSONScanner, name: String) throws(ModelError) -> SafetensorsClaim {
    var dtype: DType?
    var shape: [Int]?
    var shapePosition = 0
    var offsets: (begin: UInt64, end: UInt64)?
    var position = 0
    let start = scanner.offset
    try scanner.beginObject("a tensor")
    while let member = try scanner.nextKey() {
      if dtype == nil, scanner.text(member, equals: "dtype") {
        dtype = try parseDType(&scanner)
      } else if shape == nil, scanner.text(member, equals: "shape") {
        shapePosition = scanner.offset
        shape = try parseShape(&scanner)
      } else if offsets == nil, scanner.text(member, equals: "data_offsets") {
        position = scanner.offset
        offsets = try parseOffsets(&scanner)
      } else {
        throw needlessMember(scanner, member)
      }
    }
    guard let dtype else { throw missing("dtype", start) }
    guard let shape else { throw missing("shape", start) }
    guard let offsets else { throw missing("data_offsets", start) }
    do throws(ModelError) {
      let info = try TensorInfo(name: name, dtype: dtype, shape: shape)
      return SafetensorsClaim(info: info, begin: offsets.begin, end: offsets.end, position: position)
    } catch {
      var error = error
      error.byteOffset = shapePosition
      throw error
    }
  }

  private func parseDType(_ scanner: inout JSONScanner) throws(ModelError) -> DType {
    let word = try scanner.string("'dtype'")
    let name = scanner.text(word)
    if let dtype = DType.named(name), dtype.blockType == nil { return dtype }
    let known = DType.all.map(\.name).joined(separator: ", ")
    // What looks like a type's name may be one of a later version of the format.
    let looksLegal = name.utf8.first.map(\.isUpperCaseLetter) == true && name.utf8.allSatisfy(\.isDTypeCharacter)
    throw ModelError(
      looksLegal ? .unsupported : .malformed, "dtype '\(name)'; known: \(known)", at: scanner.offset(of: word))
  }

  private func parseShape(_ scanner: inout JSONScanner) throws(ModelError) -> [Int] {
    try scanner.beginArray("'shape'")
    var shape: [Int] = []
    while try scanner.nextElement() {
      let position = scanner.offset
      let claim = try scanner.unsignedInteger("a dimension")
      guard let dimension = Int(exactly: claim) else {
        throw ModelError(.malformed, "dimension \(claim), expected at most \(Int.max)", at: position)
      }
      guard shape.count < limits.rank else {
        throw ModelError(.malformed, "a shape of more than \(limits.rank) dimensions", at: position)
      }
      shape.append(dimension)
    }
    return shape
  }

  private func parseOffsets(_ scanner: inout JSONScanner) throws(ModelError) -> (begin: UInt64, end: UInt64) {
    try scanner.beginArray("'data_offsets'")
    guard try scanner.nextElement() else { throw wrongOffsetCount(scanner) }
    let begin = try scanner.unsignedInteger("the begin of 'data_offsets'")
    guard try scanner.nextElement() else { throw wrongOffsetCount(scanner) }
    let end = try scanner.unsignedInteger("the end of 'data_offsets'")
    guard try !scanner.nextElement() else { throw wrongOffsetCount(scanner) }
    return (begin, end)
  }

  private func wrongOffsetCount(_ scanner: borrowing JSONScanner) -> ModelError {
    ModelError(.malformed, "'data_offsets' holds other than two integers", at: scanner.origin + scanner.position)
  }

  private func needlessMember(_ scanner: borrowing JSONScanner, _ member: JSONString) -> ModelError {
    let name = scanner.text(member)
    let isKnown = ["dtype", "shape", "data_offsets"].contains(name)
    return ModelError(
      .malformed, isKnown ? "member '\(name)' comes twice" : "member '\(name)'; known: dtype, shape, data_offsets",
      at: scanner.offset(of: member))
  }

  private func missing(_ member: String, _ position: Int) -> ModelError {
    ModelError(.malformed, "member '\(member)' is missing", at: position)
  }
}

extension UInt8 {
  fileprivate var isUpperCaseLetter: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }

  fileprivate var isDTypeCharacter: Bool {
    isUpperCaseLetter || decimalDigit != nil || self == UInt8(ascii: "_")
  }
}

import ByteStore
import TensorModel

/// The index of sharded weights of Keras 3, `NAME.weights.json`: which files hold the variables (`formats/keras.md`).
///
/// A group may lie in several files, some of its variables in each; which of them where, the files say themselves. So only
/// the files count, in the order in which they are named.
struct KerasIndex {
  /// Distinct file names, each of them one name beside the index.
  let shards: [String]

  static let suffix = ".weights.json"

  /// Whether a file that begins with `start` means to be one.
  static func recognises(_ start: RawSpan) -> Bool {
    guard JSONScanner.beginsObject(start) else { return false }
    return unsafe start.withUnsafeBytes { start in
      unsafe start.firstRange(of: Array(".weights.h5\"".utf8)) != nil
    }
  }

  /// Reads the index at `path`, which every error names as its outermost context.
  init(path: String, limits: Limits) throws(ModelError) {
    self = try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<map.byteCount) { (bytes) throws(ModelError) in
        try KerasIndex(bytes, limits: limits)
      }
    }
  }

  /// - Throws: `malformed` where the document is no index, names a group twice, or names a file that is not simply a file
  ///   name.
  init(_ document: RawSpan, limits: Limits) throws(ModelError) {
    guard document.byteCount <= limits.headerBytes else {
      throw ModelError(.malformed, "an index of \(document.byteCount) bytes, expected at most \(limits.headerBytes)")
    }
    var json = JSONScanner(document, maximumDepth: limits.jsonDepth)
    var shards: NameIndex?
    try json.beginObject("the index")
    while let key = try json.nextKey() {
      guard json.text(key, equals: "weight_map") else {
        try json.skipValue()
        continue
      }
      guard shards == nil else {
        throw ModelError(.malformed, "member 'weight_map' comes twice", at: json.offset(of: key))
      }
      shards = try Self.weightMap(&json, limits: limits)
    }
    try json.end(of: "the index")
    guard let shards, shards.count > 0 else {
      throw ModelError(.malformed, "'weight_map' is missing or empty: not the index of sharded weights")
    }
    self.shards = shards.names
  }

  private static func weightMap(_ json: inout JSONScanner, limits: Limits) throws(ModelError) -> NameIndex {
    var (groups, shards) = (NameIndex(), NameIndex())
    try json.beginObject("'weight_map'")
    while let key = try json.nextKey() {
      let group = json.text(key)
      guard groups.insert(group) == nil else {
        throw ModelError(.malformed, "group '\(group)' comes twice", at: json.offset(of: key))
      }
      guard json.nextKind == .array else {
        try add(&json, to: &shards, limits: limits)
        continue
      }
      try json.beginArray("the files of group '\(group)'")
      while try json.nextElement() { try add(&json, to: &shards, limits: limits) }
    }
    return shards
  }

  private static func add(_ json: inout JSONScanner, to shards: inout NameIndex, limits: Limits) throws(ModelError) {
    let value = try json.string("a file")
    let name = json.text(value)
    guard RelativePath.isName(name) else {
      throw ModelError(.malformed, "file '\(name)', expected a name without a folder", at: json.offset(of: value))
    }
    guard shards[name] != nil || shards.count < limits.files else {
      throw ModelError(.malformed, "more than \(limits.files) files", at: json.offset(of: value))
    }
    _ = shards.insert(name)
  }
}

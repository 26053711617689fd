import Containers
import TensorModel

extension PackedIndex {
  /// Parses a decoded index and proves it: known roles, aliases that point backwards to a tensor like themselves, stored
  /// bytes that tile `body`, operations inside their entries, sizes that add up, and paths that stay inside a folder.
  /// - Parameters:
  ///   - origin: where `bytes` begin in the file, for errors.
  ///   - needsBase: whether the file requires `delta`; nil where that is not known.
  static func parse(
    _ bytes: RawSpan, origin: Int, body: Range<Int>, needsBase: Bool?, limits: Limits
  ) throws(ModelError) -> PackedIndex {
    var cursor = ByteCursor(bytes, origin: origin)
    var index: PackedIndex
    do throws(ModelError) {
      index = try parse(&cursor, body: body, needsBase: needsBase, limits)
    } catch {
      var error = error
      // Where nothing better is known: behind what was read last.
      if error.byteOffset == nil { error.byteOffset = cursor.offset }
      throw error
    }
    do throws(ModelError) {
      try index.proveFiles(limits)
    } catch {
      var error = error
      error.byteOffset = origin
      throw error
    }
    return index
  }

  private static func parse(
    _ cursor: inout ByteCursor, body: Range<Int>, needsBase: Bool?, _ limits: Limits
  ) throws(ModelError) -> PackedIndex {
    let kind = try cursor.byte("the kind of the packed file")
    guard kind <= 1 else { throw ModelError(.malformed, "a packed file of kind \(kind), expected 0 or 1") }
    var encodings: [String] = []
    for _ in 0..<(try cursor.count("the number of encodings")) {
      encodings.append(try cursor.string("the name of an encoding"))
    }
    let types = try parseTypes(&cursor)
    var index = PackedIndex(isFolder: kind == 1, encodings: encodings, entries: [], files: [])
    var offset = body.lowerBound
    for _ in 0..<(try cursor.count("the number of entries", unit: 4)) {
      index.entries.append(
        try parseEntry(&cursor, types, before: index.entries, at: &offset, end: body.upperBound, limits))
    }
    guard offset == body.upperBound else {
      throw ModelError(.malformed, "entries end at byte \(offset), the index begins at \(body.upperBound)")
    }
    for _ in 0..<(try cursor.count("the number of files", unit: 12)) {
      index.files.append(try parseFile(&cursor, index.entries))
    }
    let hasDifferences = index.entries.contains { $0.base != nil }
    guard hasDifferences == needsBase ?? hasDifferences else {
      throw ModelError(
        .malformed,
        hasDifferences
          ? "an entry is the difference from a base, which the header does not require"
          : "no entry is a difference from the base that the header requires")
    }
    if hasDifferences { index.baseName = try cursor.string("the name of the base") }
    try cursor.end(of: "the index")
    return index
  }

  private static func parseTypes(_ cursor: inout ByteCursor) throws(ModelError) -> [DType] {
    var types: [DType] = []
    for _ in 0..<(try cursor.count("the number of types", unit: 3)) { types.append(try cursor.dtype()) }
    return types
  }

  private static func parseEntry(
    _ cursor: inout ByteCursor, _ types: [DType], before: [Entry], at offset: inout Int, end: Int, _ limits: Limits
  ) throws(ModelError) -> Entry {
    let code = try cursor.byte("the role of an entry")
    let isDifference = code == differenceRole
    guard let role = isDifference ? .tensor : Role(rawValue: code) else {
      throw ModelError(.malformed, "an entry has role \(code), expected 0 to 4")
    }
    let info: TensorInfo
    switch role {
    case .file, .literal:
      info = try TensorInfo(name: "", dtype: .u8, shape: [try cursor.varint("the bytes of an entry")])
    case .tensor, .alias:
      let name = try cursor.string("the name of a tensor")
      info = try within("tensor '\(name)'") { () throws(ModelError) in
        let type = try cursor.varint("its type")
        guard types.indices.contains(type) else { throw ModelError(.malformed, "type \(type) of \(types.count)") }
        let rank = try cursor.count("its rank")
        guard rank <= limits.rank else { throw ModelError(.malformed, "rank \(rank), expected at most \(limits.rank)") }
        var shape: [Int] = []
        for _ in 0..<rank { shape.append(try cursor.varint("a dimension")) }
        return try TensorInfo(name: name, dtype: types[type], shape: shape)
      }
    }
    if role == .alias {
      let target = try cursor.varint("the target of an alias")
      guard target < before.count, before[target].role == .tensor, before[target].info.dtype == info.dtype,
        before[target].info.shape == info.shape
      else {
        throw ModelError(.malformed, "alias '\(info.name)' of entry \(target), expected an earlier tensor like it")
      }
      return Entry(role: role, info: info, place: before[target].place, holder: target)
    }
    let stored = try cursor.varint("the stored bytes of an entry")
    let directory = try cursor.varint("the bytes of a directory")
    let hash = try cursor.integer(UInt64.self, "the checksum of a directory")
    guard stored <= end - offset, directory <= stored else {
      throw ModelError(
        .malformed,
        "an entry at byte \(offset) stores \(stored) bytes, \(directory) of them its directory, where \(end - offset) are left"
      )
    }
    let place = Place(offset: offset, storedBytes: stored, directoryBytes: directory, directoryHash: hash)
    offset += stored
    var entry = Entry(role: role, info: info, place: place, holder: before.count)
    if isDifference {
      entry.base = try within("tensor '\(info.name)'") { () throws(ModelError) in
        try parseBase(&cursor, types, of: info)
      }
    }
    return entry
  }

  private static func parseBase(
    _ cursor: inout ByteCursor, _ types: [DType], of info: TensorInfo
  ) throws(ModelError) -> BaseTensor {
    let name = try cursor.string("the name of a base tensor")
    let type = try cursor.varint("the type of a base tensor")
    guard types.indices.contains(type), BaseModel.canConvert(types[type], to: info.dtype) else {
      throw ModelError(.malformed, "type \(type) of \(types.count) of a base tensor, expected one like its own")
    }
    return BaseTensor(
      name: name, dtype: types[type], hash: try cursor.integer(UInt64.self, "the hash of a base tensor"))
  }

  private static func parseFile(_ cursor: inout ByteCursor, _ entries: [Entry]) throws(ModelError) -> File {
    let path = try cursor.string("the path of a file")
    return try within(path.isEmpty ? "the file" : "file '\(path)'") { () throws(ModelError) in
      let mode = try cursor.varint("its mode")
      guard mode <= 0o777 else { throw ModelError(.malformed, "mode \(mode), expected nine permission bits") }
      let container = try cursor.string("its container")
      let byteCount = try cursor.varint("its size")
      let digest = try cursor.integer(UInt64.self, "its digest")
      var operations: [Operation] = []
      var total = 0
      for _ in 0..<(try cursor.count("the number of operations", unit: 2)) {
        let operation = try parseOperation(&cursor, entries)
        let (sum, overflow) = total.addingReportingOverflow(operation.byteCount(in: entries))
        guard !overflow, sum <= byteCount else {
          throw ModelError(.malformed, "operations give more than the \(byteCount) bytes of the file")
        }
        total = sum
        operations.append(operation)
      }
      guard total == byteCount else {
        throw ModelError(.malformed, "operations give \(total) bytes, expected \(byteCount)")
      }
      return File(
        path: path, mode: UInt32(mode), container: container, byteCount: byteCount, digest: digest,
        operations: operations)
    }
  }

  private static func parseOperation(_ cursor: inout ByteCursor, _ entries: [Entry]) throws(ModelError) -> Operation {
    let code = try cursor.byte("an operation")
    let note = Note(rawValue: code)
    guard code <= 2 || note != nil else { throw ModelError(.malformed, "operation \(code), expected 0 to 4") }
    let entry = try cursor.varint("the entry of an operation")
    guard entries.indices.contains(entry) else {
      throw ModelError(.malformed, "an operation on entry \(entry) of \(entries.count)")
    }
    let isTensor = entries[entry].role == .tensor || entries[entry].role == .alias
    guard isTensor == (code == 1 || code == 2), note == nil || entries[entry].role == .literal else {
      throw ModelError(.malformed, "operation \(code) on entry \(entry), which is of another role")
    }
    if code == 1 { return .tensor(entry: entry) }
    if let note { return .note(note, entry: entry) }
    if code == 2 {
      return try within("tensor '\(entries[entry].info.name)'") { () throws(ModelError) in
        try parseRecoded(&cursor, entry, entries[entry].info)
      }
    }
    let start = try cursor.varint("the start of a range")
    let count = try cursor.varint("the bytes of a range")
    let size = entries[entry].info.byteCount
    guard start <= size, count <= size - start else {
      throw ModelError(.malformed, "\(count) bytes at \(start) of an entry of \(size) bytes")
    }
    return .bytes(entry: entry, start..<(start + count))
  }

  private static func parseRecoded(
    _ cursor: inout ByteCursor, _ entry: Int, _ info: TensorInfo
  ) throws(ModelError) -> Operation {
    let recoding = try Recoding.parse(&cursor, info)
    let byteCount = try cursor.varint("the bytes of an operation")
    try recoding.demandGives(byteCount, info)
    let hash = try cursor.integer(UInt64.self, "the hash of an operation's bytes")
    return .recoded(entry: entry, recoding, byteCount: byteCount, hash: hash)
  }

  /// Paths, and that every tensor belongs to exactly one file, under a name of its own there.
  private func proveFiles(_ limits: Limits) throws(ModelError) {
    guard files.count <= limits.files, !files.isEmpty else { throw ModelError(.malformed, "\(files.count) files") }
    if isFolder {
      for file in files { try RelativePath.validate(file.path) }
      try RelativePath.demandDistinct(files.map(\.path))
    } else if files.count != 1 || files[0].path != "" || files[0].mode != 0 {
      throw ModelError(.malformed, "a packed file that is no folder holds one file without path and mode")
    }
    try proveSums()
    var uses = Uses(self)
    for file in files { try uses.add(file) }
    try uses.demandAll()
  }
}

/// Which entries the files use: a tensor whole and once, or by boxes in one file; anything else as often as they like.
private struct Uses {
  private let index: PackedIndex
  private var isUsed: [Bool]
  /// Per tensor that is used by boxes, how many elements they have together.
  private var boxed: [Int: Int] = [:]

  init(_ index: PackedIndex) {
    self.index = index
    isUsed = [Bool](repeating: false, count: index.entries.count)
  }

  mutating func add(_ file: PackedIndex.File) throws(ModelError) {
    var names = NameIndex()
    var boxedHere: Set<Int> = []
    var notes: Set<PackedIndex.Note> = []
    for operation in file.operations {
      let entry = operation.entry
      let info = index.entries[entry].info
      switch operation {
      case .bytes: isUsed[entry] = true
      case .note(let note, _):
        guard notes.insert(note).inserted else { throw ModelError(.malformed, "a file has \(note) twice") }
        guard note != .views || !file.container.isEmpty else {
          throw ModelError(.malformed, "a file that is bytes has views")
        }
        isUsed[entry] = true
      case .recoded(_, let recoding, _, _) where boxedHere.contains(entry):
        try count(recoding, entry, info)
      case .tensor, .recoded:
        guard !isUsed[entry] else { throw ModelError(.malformed, "tensor '\(info.name)' is used twice") }
        isUsed[entry] = true
        guard names.insert(info.name) == nil else {
          throw ModelError(
            .malformed, "tensor '\(info.name)' is there twice" + (file.path.isEmpty ? "" : " in '\(file.path)'"))
        }
        if case .recoded(_, let recoding, _, _) = operation {
          boxedHere.insert(entry)
          try count(recoding, entry, info)
        }
      }
    }
  }

  private mutating func count(_ recoding: Recoding, _ entry: Int, _ info: TensorInfo) throws(ModelError) {
    let sum = boxed[entry, default: 0] + recoding.elementCount
    guard sum <= info.elementCount else {
      throw ModelError(.malformed, "boxes of tensor '\(info.name)' have more elements than it has")
    }
    boxed[entry] = sum
  }

  func demandAll() throws(ModelError) {
    guard isUsed.allSatisfy({ $0 }) else { throw ModelError(.malformed, "an entry that no file uses") }
  }
}

extension PackedIndex {
  /// Nobody who adds up bytes or elements later needs to look for overflow.
  private func proveSums() throws(ModelError) {
    var bytes = 0
    for file in files {
      let (sum, overflow) = bytes.addingReportingOverflow(file.byteCount)
      guard !overflow else { throw ModelError(.malformed, "files of 2^63 bytes or more together") }
      bytes = sum
    }
    var elements = 0
    for entry in entries {
      let (sum, overflow) = elements.addingReportingOverflow(entry.info.elementCount)
      guard !overflow else { throw ModelError(.malformed, "entries of 2^63 elements or more together") }
      elements = sum
    }
  }
}

extension PackedIndex.Operation {
  var entry: Int {
    switch self {
    case .bytes(let entry, _), .tensor(let entry), .recoded(let entry, _, _, _),
      .note(_, let entry):
      entry
    }
  }

  /// Whether it appends a tensor, or what is made of one.
  var isTensor: Bool {
    switch self {
    case .bytes, .note: false
    case .tensor, .recoded: true
    }
  }

  /// The bytes that the operation appends.
  func byteCount(in entries: [PackedIndex.Entry]) -> Int {
    switch self {
    case .bytes(_, let range): range.count
    case .tensor(let entry): entries[entry].info.byteCount
    case .recoded(_, _, let byteCount, _): byteCount
    case .note: 0
    }
  }
}

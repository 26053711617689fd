import Containers
import Encodings
import TensorModel

/// What goes into a packed file, in which order: the entries, and the operations that rebuild the files from them.
struct PackLayout: Sendable {
  struct Entry: Sendable {
    var role: PackedIndex.Role
    var info: TensorInfo
    /// The source file, and what of it the entry holds.
    var file: Int
    var place: Place
    /// Bytes of each of the numbers that a literal consists of; 1 of everything else.
    var elementBytes = 1
    /// The entry whose bytes an alias has; else the entry itself.
    var holder: Int
    /// Whether the entry gets an array of its own on the outside.
    var hasOwnArray: Bool
    /// Whether it is the tensor in which a header keeps its metadata, which are read before anything else.
    var holdsMetadata = false
    /// What the file has of a tensor besides what is made of the entry, for people.
    var remainder: String?

    /// Whether its bytes may be stored as others: those of a tensor that the file holds in another form are what that was
    /// proved of.
    var mayChange: Bool {
      guard role == .tensor, case .file = place else { return false }
      return true
    }
  }

  /// What of a file an entry holds.
  enum Place: Sendable {
    /// A range of it.
    case file(Range<Int>)
    /// The elements of a tensor that lies in it in another form, by its number in the model.
    case values(tensor: Int)
    /// Bytes that say something of it.
    case bytes([UInt8])
  }

  var entries: [Entry]
  /// Per file, the tensors that no entry holds.
  let literals: [[LiteralTensor]]
  /// Per file.
  var operations: [[PackedIndex.Operation]]

  /// Small entries come first and share a group, then the large ones, then aliases; each in file order.
  /// - Parameters:
  ///   - proved: per file, its tensors in another form.
  ///   - literals: per file, the tensors that no entry holds.
  init(_ source: PackSource, proved: [ProvedFile], literals: [[LiteralTensor]]) throws(ModelError) {
    self.literals = literals
    var pending: [Entry] = []
    var steps = [[Step]](repeating: [], count: source.files.count)
    for (number, file) in source.files.enumerated() {
      let views = literals[number].filter(\.isListed).map(\.number)
      steps[number] = try Self.steps(file, number: number, proved[number].tensors, views: views, &pending)
    }
    try Duplicates(source).mark(&pending)
    for (number, index) in pending.indices.filter({
      pending[$0].role != .alias && pending[$0].info.byteCount >= PackedFormat.ownArrayBytes
    }).enumerated() {
      pending[index].hasOwnArray = number < PackedFormat.maximumOwnArrays
    }
    // A stable order by kind; `position` says where each entry went.
    let order =
      pending.indices.filter { pending[$0].role != .alias && !pending[$0].hasOwnArray }
      + pending.indices.filter { pending[$0].role != .alias && pending[$0].hasOwnArray }
      + pending.indices.filter { pending[$0].role == .alias }
    var position = [Int](repeating: 0, count: pending.count)
    for (place, index) in order.enumerated() { position[index] = place }
    entries = order.map {
      var entry = pending[$0]
      entry.holder = position[entry.holder]
      return entry
    }
    operations = steps.map { $0.map { $0.operation(pending[$0.entry], at: position[$0.entry]) } }
  }

  /// A step of rebuilding a file.
  private struct Step {
    /// Where it begins in the file.
    var start: Int
    /// Its number while entries are collected.
    var entry: Int
    var piece: ProvedTensor.Piece?
    /// What the entry says of the file where it makes nothing.
    var note: PackedIndex.Note?

    func operation(_ held: Entry, at entry: Int) -> PackedIndex.Operation {
      if let piece {
        return .recoded(entry: entry, piece.recoding, byteCount: piece.range.count, hash: piece.hash)
      }
      if let note { return .note(note, entry: entry) }
      switch held.role {
      case .file, .literal: return .bytes(entry: entry, 0..<held.info.byteCount)
      case .tensor, .alias: return .tensor(entry: entry)
      }
    }
  }

  /// Appends a file's entries, and says how the file is rebuilt from them.
  private static func steps(
    _ file: PackSource.File, number: Int, _ recoded: [ProvedTensor], views: [Int], _ pending: inout [Entry]
  ) throws(ModelError) -> [Step] {
    guard let layout = file.layout?.with(recoded: recoded.map(\.layout)) else {
      pending.append(try bytes(.file, file: number, 0..<file.byteCount))
      return [Step(start: 0, entry: pending.count - 1)]
    }
    var steps: [Step] = []
    var gaps = layout.gaps[...]
    var others = recoded[...]
    func add(_ entry: Entry, _ pieces: [(start: Int, ProvedTensor.Piece?)]) {
      steps += pieces.map { Step(start: $0.start, entry: pending.count, piece: $0.1) }
      pending.append(entry)
    }
    func addAll(before end: Int) throws(ModelError) {
      while true {
        let (gap, other) = (gaps.first?.range.lowerBound ?? .max, others.first?.start ?? .max)
        guard min(gap, other) < end else { return }
        if gap <= other {
          add(try literal(gaps.removeFirst(), file: number), [(gap, nil)])
        } else {
          let tensor = others.removeFirst()
          var entry = Entry(
            role: .tensor, info: tensor.info, file: number, place: .values(tensor: tensor.number),
            holder: pending.count, hasOwnArray: false)
          entry.remainder = tensor.remainder
          add(entry, tensor.pieces.map { ($0.range.lowerBound, $0) })
        }
      }
    }
    for (place, tensor) in layout.tensors.enumerated() {
      try addAll(before: tensor.range.lowerBound)
      let entry = Entry(
        role: .tensor, info: tensor.info, file: number, place: .file(tensor.range), holder: pending.count,
        hasOwnArray: false, holdsMetadata: place == file.metadataTensor)
      add(entry, [(tensor.range.lowerBound, nil)])
    }
    try addAll(before: .max)
    for (note, text) in file.notes(views: views) {
      steps.append(Step(start: .max, entry: pending.count, note: note))
      var entry = try bytes(.literal, file: number, 0..<text.count)
      entry.place = .bytes(text)
      pending.append(entry)
    }
    // Pieces of tensors in another form may lie in each other's midst; everything else is in order.
    if !recoded.isEmpty {
      steps = steps.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }.map(\.element)
    }
    return steps
  }

  private static func literal(_ gap: FileLayout.Gap, file: Int) throws(ModelError) -> Entry {
    var entry = try bytes(.literal, file: file, gap.range)
    entry.elementBytes = gap.elementBytes
    return entry
  }

  private static func bytes(_ role: PackedIndex.Role, file: Int, _ range: Range<Int>) throws(ModelError) -> Entry {
    let info = try TensorInfo(name: "", dtype: .u8, shape: [range.count])
    return Entry(role: role, info: info, file: file, place: .file(range), holder: -1, hasOwnArray: false)
  }
}

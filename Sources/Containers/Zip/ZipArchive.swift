public import TensorModel

/// What a ZIP archive holds, proved once (`formats/keras.md`, "The archive").
///
/// Two readers must see the same in it: the central directory and the headers beside the members say the same, no two
/// members share a byte or a name, and nothing lies where there could be another directory.
public struct ZipArchive: Sendable {
  /// In the order of the directory. Folders are left out.
  public let members: [ZipMember]

  /// Whether a file that begins with `start` means to be an archive with a member.
  public static func recognises(_ start: RawSpan) -> Bool {
    guard start.byteCount >= 4 else { return false }
    return unsafe start.unsafeLoadUnaligned(as: UInt32.self) == ZipLocalHeader.signature.littleEndian
  }

  /// Reads the directory of an archive.
  /// - Parameter file: all of it, mapped: only the directory and the headers are touched.
  /// - Throws: `malformed`, which names the member; `unsupported` where it is encrypted, compressed in another way than by
  ///   deflate, or the archive has several parts.
  public static func parse(_ file: RawSpan, limits: Limits = Limits()) throws(ModelError) -> ZipArchive {
    let directory = try ZipDirectory.find(in: file)
    guard directory.entries <= limits.files else {
      throw ModelError(.malformed, "\(directory.entries) members, expected \(limits.files) at most")
    }
    var cursor = ByteCursor(file.extracting(directory.range), origin: directory.range.lowerBound)
    var names = NameIndex()
    var entries: [(entry: ZipEntry, range: Range<Int>)] = []
    for _ in 0..<directory.entries {
      let entry = try ZipEntry.parse(&cursor)
      try within("member '\(entry.name)'") { () throws(ModelError) in
        guard names.insert(entry.name) == nil else { throw ModelError(.malformed, "comes twice", at: entry.offset) }
        let range = try ZipLocalHeader.prove(entry, in: file, before: directory.range.lowerBound)
        entries.append((entry, range))
      }
    }
    try cursor.end(of: "the central directory")
    try demandDisjoint(entries)
    return ZipArchive(members: entries.compactMap { $0.entry.member(at: $0.range) })
  }

  private static func demandDisjoint(_ entries: [(entry: ZipEntry, range: Range<Int>)]) throws(ModelError) {
    let sorted = entries.sorted { $0.entry.headerOffset < $1.entry.headerOffset }
    if let first = sorted.first?.entry, first.headerOffset > 0 {
      throw ModelError(
        .malformed, "\(first.headerOffset) bytes in front of the first member, '\(first.name)'", at: 0)
    }
    for (first, second) in zip(sorted, sorted.dropFirst())
    where second.entry.headerOffset < first.range.upperBound {
      throw ModelError(
        .malformed, "begins inside of member '\(first.entry.name)', which ends at \(first.range.upperBound)",
        at: second.entry.headerOffset
      ).inside("member '\(second.entry.name)'")
    }
  }

  /// The member of that name.
  public subscript(name: String) -> ZipMember? { members.first { $0.name.utf8.elementsEqual(name.utf8) } }
}

import TensorModel

/// The safetensors header of a packed file: labels of the entries, written last into room reserved first.
struct OuterHeader: Sendable {
  /// An array on the outside and the entries that it spans.
  private struct Array: Sendable {
    var label: String
    var entries: Range<Int>
  }

  private let arrays: [Array]
  private let canonicalizesZeros: Bool
  private let mayNeedBase: Bool
  /// Bytes of the header and of its length in front.
  let byteCount: Int

  /// Reserves the largest size that the header can come to for that many dense bytes.
  init(_ layout: PackLayout, denseBytes: Int, canonicalizesZeros: Bool, mayNeedBase: Bool) {
    let holders = layout.entries.prefix { $0.role != .alias }
    let shared = holders.prefix { !$0.hasOwnArray }.count
    var labels = LabelMaker()
    var arrays: [Array] = []
    if shared > 0 { arrays.append(Array(label: "tare:group", entries: 0..<shared)) }
    for index in shared..<holders.count {
      arrays.append(Array(label: labels.label(for: layout.entries[index].info.name), entries: index..<(index + 1)))
    }
    self.arrays = arrays
    self.canonicalizesZeros = canonicalizesZeros
    self.mayNeedBase = mayNeedBase
    // Every chunk stays within its dense bytes and a little; directories and index are small beside them. What a file
    // holds in another form may be far more than the file.
    let denseBytes = max(denseBytes, holders.reduce(0) { $0 + $1.info.byteCount })
    let bound = denseBytes + denseBytes / 8 + 4096 * (layout.entries.count + 16)
    let text = Self.text(
      arrays.map { ($0.label, 0..<bound) } + [("tare:index", bound..<bound)],
      needsBase: mayNeedBase, canonicalZeros: canonicalizesZeros ? .max : 0, digits: String(bound).count)
    byteCount = (8 + text.utf8.count + 7) / 8 * 8
  }

  /// The header's bytes, padded with spaces.
  /// - Parameters:
  ///   - needsBase: whether some tensors are differences from those of a base.
  ///   - canonicalZeros: how many zeros were made positive.
  ///   - end: the length of the packed file.
  func encoded(places: [PackedIndex.Place], needsBase: Bool, canonicalZeros: Int, end: Int) -> [UInt8] {
    precondition(canonicalZeros == 0 || canonicalizesZeros)
    precondition(!needsBase || mayNeedBase)
    var ranges: [(String, Range<Int>)] = []
    var position = 0
    for array in arrays {
      let last = places[array.entries.upperBound - 1]
      let next = last.offset + last.storedBytes - byteCount
      ranges.append((array.label, position..<next))
      position = next
    }
    ranges.append(("tare:index", position..<(end - byteCount)))
    let text = Self.text(ranges, needsBase: needsBase, canonicalZeros: canonicalZeros, digits: 1)
    precondition(8 + text.utf8.count <= byteCount)
    var writer = ByteWriter()
    writer.integer(UInt64(byteCount - 8))
    writer.append(text.utf8)
    writer.append(repeatElement(UInt8(ascii: " "), count: byteCount - 8 - text.utf8.count))
    return writer.bytes
  }

  /// - Parameter digits: numbers are padded to that many, to measure how long the text can get.
  private static func text(
    _ arrays: [(label: String, range: Range<Int>)], needsBase: Bool, canonicalZeros: Int, digits: Int
  ) -> String {
    func number(_ value: Int) -> String {
      let text = String(value)
      return String(repeating: "9", count: max(0, digits - text.count)) + text
    }
    var text = PackedFormat.headerPrefix + (needsBase ? PackedFormat.deltaFeature : "")
    if canonicalZeros > 0 { text += PackedFormat.canonicalZeroMark + String(canonicalZeros) }
    text += "\"}"
    for (label, range) in arrays {
      var name = JSONText(pretty: false)
      name.string(nil, label)
      text += ",\(name.text):{\"dtype\":\"U8\",\"shape\":[\(number(range.count))],"
      text += "\"data_offsets\":[\(number(range.lowerBound)),\(number(range.upperBound))]}"
    }
    return text + "}"
  }
}

/// Makes the names of the outer arrays: short, each different, none that looks like one of our own.
private struct LabelMaker {
  private var taken: Set<[UInt8]> = []

  mutating func label(for name: String) -> String {
    var base = name.hasPrefix("tare:") ? "\\" + name : name
    while base.utf8.count > PackedFormat.labelBytes {
      base.unicodeScalars.removeLast(max(1, (base.utf8.count - PackedFormat.labelBytes) / 4))
    }
    // A file's entry has no name.
    if base.isEmpty { base = "#" }
    var label = base
    var number = 2
    while !taken.insert(Array(label.utf8)).inserted {
      label = "\(base)#\(number)"
      number += 1
    }
    return label
  }
}

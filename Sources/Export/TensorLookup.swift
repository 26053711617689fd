public import TensorModel

extension Catalog {
  /// The index of the tensor of that name, or of that name in that file where it is given as `FILE:NAME`.
  /// - Throws: `usage` where there is none, with the nearest names as its hint, or where several files hold one.
  public func tensor(named name: String) throws(ModelError) -> Int {
    let exact = tensors.indices.filter { tensors[$0].info.name.utf8.elementsEqual(name.utf8) }
    if exact.count == 1 { return exact[0] }
    if let inFile = tensors.indices.first(where: { label(of: $0).utf8.elementsEqual(name.utf8) }) { return inFile }
    guard exact.isEmpty else {
      throw ModelError(
        .usage, "tensor '\(name)' is in \(exact.count) files",
        hint: "one of them is '\(label(of: exact[0]))'")
    }
    let near = NameDistance.nearest(to: name, among: tensors.lazy.map(\.info.name), count: 3)
    throw ModelError(
      .usage, "no tensor '\(name)' among \(tensors.count)",
      hint: near.isEmpty ? nil : "near to it: " + near.map { "'\($0.escapedForDisplay)'" }.joined(separator: ", "))
  }

  private func label(of tensor: Int) -> String { "\(files[tensors[tensor].file].path):\(tensors[tensor].info.name)" }
}

/// Which names somebody may have meant.
enum NameDistance {
  /// Longer names are not compared: they are nothing that somebody typed, and the time is the product of both lengths.
  private static let longestName = 256

  /// Up to `count` names that contain `name`, or come near it as a whole or by as many of their last parts between dots,
  /// the nearest first.
  static func nearest(to name: String, among names: some Sequence<String>, count: Int) -> [String] {
    let wanted = Array(name.lowercased().utf8)
    guard !wanted.isEmpty, wanted.count <= longestName else { return [] }
    var best: [(distance: Int, name: String)] = []
    for candidate in names where candidate.utf8.count <= longestName {
      // Only what beats the worst of the best so far is worth a distance.
      let limit = best.count < count ? max(2, wanted.count / 3) : best.last!.distance - 1
      let letters = Array(candidate.lowercased().utf8)
      let whole = distance(wanted, letters, limit: limit)
      let tail = distance(wanted, lastParts(of: letters, as: wanted), limit: (whole ?? limit + 1) - 1)
      guard let distance = tail ?? whole else { continue }
      guard !best.contains(where: { $0.name == candidate }) else { continue }
      let place = best.firstIndex { $0.distance > distance } ?? best.count
      best.insert((distance, candidate), at: place)
      if best.count > count { best.removeLast() }
    }
    return best.map(\.name)
  }

  /// The end of `name` that has as many parts between dots as `wanted`.
  private static func lastParts(of name: [UInt8], as wanted: [UInt8]) -> [UInt8] {
    let dot = UInt8(ascii: ".")
    var left = wanted.count { $0 == dot } + 1
    let start = name.lastIndex {
      if $0 == dot { left -= 1 }
      return left == 0
    }
    return Array(name[(start.map { $0 + 1 } ?? 0)...])
  }

  /// 0 where `candidate` contains `wanted`, else the edit distance; nil beyond `limit`.
  private static func distance(_ wanted: [UInt8], _ candidate: [UInt8], limit: Int) -> Int? {
    guard limit >= 0 else { return nil }
    if contains(candidate, wanted) { return 0 }
    guard abs(wanted.count - candidate.count) <= limit else { return nil }
    var row = Array(0...candidate.count)
    for (place, letter) in wanted.enumerated() {
      var diagonal = row[0]
      row[0] = place + 1
      for column in candidate.indices {
        let replaced = diagonal + (candidate[column] == letter ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
      }
      guard row.min()! <= limit else { return nil }
    }
    return row.last! <= limit ? row.last! : nil
  }

  private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains { text[$0..<($0 + part.count)].elementsEqual(part) }
  }
}

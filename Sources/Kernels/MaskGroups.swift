/// Groups of neighbours in a matrix, along its rows or down its columns, whose bits of a mask are one number
/// (`formats/encodings/groups.md`).
public struct MaskGroups: Hashable, Sendable {
  /// Elements of a group: 2 to 8.
  public let size: Int
  public let isDown: Bool
  /// Elements of a row.
  public let row: Int
  /// Rows of the first band; `size` where groups lie along rows.
  public let first: Int

  /// - Precondition: the ranges that are said above, and at least one element in a row.
  public init(size: Int, isDown: Bool, row: Int, first: Int) {
    precondition((2...8).contains(size) && row > 0 && (1...size).contains(first) && (isDown || first == size))
    self.size = size
    self.isDown = isDown
    self.row = row
    self.first = first
  }

  /// Groups in a byte.
  private var perByte: Int { 8 / size }

  /// Groups of so many elements, which are whole rows.
  private func groupCount(_ elements: Int) -> Int {
    let rows = elements / row
    guard isDown else { return rows * ((row + size - 1) / size) }
    return rows <= first ? row * min(rows, 1) : row * (1 + (rows - first + size - 1) / size)
  }

  /// Bytes that the masks of so many elements, which are whole rows, take.
  public func byteCount(elements: Int) -> Int { (groupCount(elements) + perByte - 1) / perByte }

  /// Writes the mask of each group, from a bit for each element. Never fails; O(elements).
  public func gather(_ bitmap: UnsafePointer<UInt8>, elements: Int, into bytes: UnsafeMutablePointer<UInt8>) {
    var out = unsafe bytes
    var byte = 0
    var shift = 0
    forEachRun(of: elements) { run in
      var group = 0
      while group < run.groups {
        var index = run.start &+ group &* run.groupStride
        var mask = 0
        var bit = 0
        while bit < run.length(of: group) {
          let value = unsafe Int(truncatingIfNeeded: bitmap.bit(index))
          mask |= value &<< bit
          index &+= run.elementStride
          bit &+= 1
        }
        byte |= mask &<< shift
        shift &+= size
        if shift &+ size > 8 {
          unsafe out.pointee = UInt8(truncatingIfNeeded: byte)
          unsafe out += 1
          byte = 0
          shift = 0
        }
        group &+= 1
      }
    }
    if shift > 0 { unsafe out.pointee = UInt8(truncatingIfNeeded: byte) }
  }

  /// The inverse of `gather`: sets bits in a bitmap that is all zeros.
  /// - Returns: false where a bit without an element is set.
  public func scatter(_ bytes: UnsafePointer<UInt8>, elements: Int, into bitmap: UnsafeMutablePointer<UInt8>) -> Bool {
    var next = unsafe bytes
    var byte = 0
    var shift = 8
    var others = 0
    let all = 1 &<< size &- 1
    forEachRun(of: elements) { run in
      var group = 0
      while group < run.groups {
        if shift &+ size > 8 {
          others |= byte
          byte = unsafe Int(truncatingIfNeeded: next.pointee)
          unsafe next += 1
          shift = 0
        }
        var mask = byte & all
        byte &>>= size
        shift &+= size
        others |= mask &>> run.length(of: group)
        var index = run.start &+ group &* run.groupStride
        while mask != 0 {
          unsafe bitmap[index &>> 3] |= UInt8(truncatingIfNeeded: (mask & 1) &<< (index & 7))
          mask &>>= 1
          // Bits past the group are found out above, and stay inside of the chunk.
          index = min(index &+ run.elementStride, elements &- 1)
        }
        group &+= 1
      }
    }
    return others | byte == 0
  }

  /// How many groups keep each number of elements; those that have fewer than `size` do not count.
  public func tally(_ bitmap: UnsafePointer<UInt8>, elements: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: size + 1)
    forEachRun(of: elements) { run in
      for group in 0..<run.groups where run.length(of: group) == size {
        var kept = 0
        for bit in 0..<size {
          let index = run.start + group * run.groupStride + bit * run.elementStride
          kept += unsafe Int(bitmap.bit(index))
        }
        counts[kept] += 1
      }
    }
    return counts
  }

  /// Groups that follow each other evenly: those of a row, or of a band.
  private struct Run {
    var start: Int
    var groups: Int
    var groupStride: Int
    var elementStride: Int
    /// Elements of each group, and of the last.
    var full: Int
    var last: Int

    @inline(__always)
    func length(of group: Int) -> Int { group == groups &- 1 ? last : full }
  }

  @inline(__always)
  private func forEachRun(of elements: Int, _ body: (Run) -> Void) {
    var start = 0
    var height = isDown ? first : 1
    let inRow = (row + size - 1) / size
    while start < elements {
      let rows = min(height, (elements - start) / row)
      body(
        isDown
          ? Run(start: start, groups: row, groupStride: 1, elementStride: row, full: rows, last: rows)
          : Run(
            start: start, groups: inRow, groupStride: size, elementStride: 1, full: size,
            last: row - (inRow - 1) * size))
      start += rows * row
      if isDown { height = size }
    }
  }
}

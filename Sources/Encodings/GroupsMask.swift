import Kernels
public import TensorModel

/// One number for the mask of each group of neighbours (`formats/encodings/groups.md`).
public struct GroupsMask: MaskEncoding {
  public let id = "groups"
  public let summary = "one number for each few neighbours, along rows or down columns: N:M"

  /// The groups are those that the workspace has found.
  @unsafe public func encode(
    _ split: ZeroSplit, as number: Int, into chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) {
    guard let groups = workspace.groups else { preconditionFailure("no groups were found") }
    let hasSigns = unsafe !split.signs.isEmpty
    unsafe chunk.beginStage(
      number, parameters: Self.parameters(groups, width: split.width), streams: hasSigns ? 2 : 1)
    let count = unsafe groups.byteCount(elements: split.elements)
    let masks = unsafe workspace.gaps.bytes(count)
    unsafe groups.gather(split.bitmap, elements: split.elements, into: masks)
    unsafe chunk.append(UnsafeRawBufferPointer(start: masks, count: count), .mask)
    if hasSigns { unsafe chunk.append(split.signs, .noise) }
  }

  private static func parameters(_ groups: MaskGroups, width: Int) -> [UInt8] {
    var writer = ByteWriter()
    for byte in [width, groups.size, groups.isDown ? 1 : 0, groups.first] { writer.byte(UInt8(byte)) }
    writer.varint(groups.row)
    return writer.bytes
  }

  public func width(of stage: StageReader) throws(ModelError) -> Int {
    guard let width = stage.parameters.first, (1...8).contains(width) else {
      throw ModelError(.malformed, "'groups' has the parameters \(stage.parameters)")
    }
    return Int(width)
  }

  public func decode(
    _ stage: StageReader, elements: Int, _ workspace: DecodingWorkspace
  ) throws(ModelError) -> Int {
    try stage.expectStreams(1...2)
    let groups = try Self.groups(stage.parameters)
    guard elements % groups.row == 0 else {
      throw ModelError(.malformed, "\(elements) elements in rows of \(groups.row)")
    }
    let masks = try unsafe stage.stream(0, byteCount: groups.byteCount(elements: elements))
    let bitmap = unsafe workspace.bitmap.bytes((elements + 7) / 8 + 8)
    unsafe bitmap.update(repeating: 0, count: (elements + 7) / 8)
    guard let source = unsafe masks.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
    guard unsafe groups.scatter(source, elements: elements, into: bitmap),
      let ones = unsafe ZeroMask.ones(bitmap, elements: elements)
    else { throw ModelError(.malformed, "a group of a mask has bits past its last element") }
    return ones
  }

  private static func groups(_ parameters: [UInt8]) throws(ModelError) -> MaskGroups {
    var cursor = unsafe ByteCursor(parameters.span.bytes)
    _ = try cursor.byte("the width of 'groups'")
    let size = Int(try cursor.byte("the size of a group"))
    let down = try cursor.byte("the direction of groups")
    let first = Int(try cursor.byte("the rows of the first band"))
    let row = try cursor.varint("the elements of a row")
    guard (2...8).contains(size), down <= 1, (1...size).contains(first), down == 1 || first == size, row > 0,
      cursor.remaining == 0
    else { throw ModelError(.malformed, "'groups' has the parameters \(parameters)") }
    return MaskGroups(size: size, isDown: down == 1, row: row, first: first)
  }
}

/// Groups of which each keeps as many elements, found in a tensor.
public struct GroupFinding: Hashable, Sendable {
  /// Elements that are kept of each group.
  public let kept: Int
  /// Elements of a group.
  public let size: Int
  public let isDown: Bool
  /// Elements of a row.
  public let row: Int

  /// The groups of a chunk of `count` elements that begins at element `position`; nil where it cuts rows.
  func groups(at position: Int, count: Int) -> MaskGroups? {
    guard position % row == 0, count % row == 0 else { return nil }
    let into = isDown ? position / row % size : 0
    return MaskGroups(size: size, isDown: isDown, row: row, first: size - into)
  }

  /// Groups that are as they should be, of all.
  private static let share = 0.95

  /// The smallest groups in a piece of a tensor nearly all of which keep as many elements.
  /// - Parameters:
  ///   - position: where the piece begins in the tensor, in elements.
  ///   - rows: the lengths of rows along which, and across which, groups may lie.
  public static func find(
    _ piece: RawSpan, at position: Int, of type: ElementType, along: Int, across: [Int], _ workspace: EncodingWorkspace
  ) -> GroupFinding? {
    unsafe piece.withUnsafeBytes { bytes in
      let count = bytes.count / type.width
      let start = unsafe ChunkCodec.aligned(bytes, type.width, workspace.aligned)
      let bitmap = unsafe workspace.bitmap.bytes((count + 7) / 8 + 8)
      let packed = unsafe workspace.packed.raw((count + 1) * type.width)
      let kept = unsafe ZeroMask.split(
        start, elements: count, width: type.width, hasSign: type.hasNegativeZero, bitmap: bitmap, packed: packed)
      guard count > 0, (0.1...0.9).contains(Double(kept) / Double(count)) else { return nil }
      for size in 2...8 {
        for (row, isDown) in [(along, false)] + across.map({ ($0, true) }) {
          // The bytes of a bitmask are such groups already.
          if !isDown, 8 % size == 0, row % 8 == 0 { continue }
          guard row >= (isDown ? 1 : size), position % row == 0 else { continue }
          let whole = count / row * row
          let finding = GroupFinding(kept: 0, size: size, isDown: isDown, row: row)
          guard whole >= 64 * size, let groups = finding.groups(at: position, count: whole) else { continue }
          let counts = unsafe groups.tally(bitmap, elements: whole)
          let all = counts.reduce(0, +)
          guard let most = counts.indices.max(by: { counts[$0] < counts[$1] }), all > 0, most > 0, most < size,
            Double(counts[most]) >= Self.share * Double(all)
          else { continue }
          return GroupFinding(kept: most, size: size, isDown: isDown, row: row)
        }
      }
      return nil
    }
  }
}

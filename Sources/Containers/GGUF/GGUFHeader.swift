import Kernels
public import TensorModel

/// The header of a GGUF file, proved once: names and keys are distinct, sizes follow from shapes, and every tensor lies
/// inside the file.
///
/// Writers leave gaps, order tensors as they like and let some share their bytes: all this is read.
public struct GGUFHeader: Sendable {
  /// One tensor and where it lies.
  public struct Tensor: Sendable {
    public let info: TensorInfo
    /// Its bytes in the file. They may begin at any address, and others may lie there too.
    public let range: Range<Int>
  }

  public let version: Int
  /// That of all numbers: of the header, of the tensors, and of the fields of their blocks.
  public let byteOrder: ByteOrder
  /// What `general.alignment` says, else 32: a power of two.
  public let alignment: Int
  /// The offset in the file from which tensors are counted.
  public let dataStart: Int
  /// By their place in the file; those at one place in the order in which the header names them.
  public let tensors: [Tensor]
  /// Where numbers of more than a byte fill `longBytes` or more, in order.
  let longArrays: [FileLayout.Gap]
  /// The offset in the file behind the last byte of the header, from which on its padding follows.
  public let end: Int
  /// In the order of the file, with the types that it gives them.
  public let metadata: [MetadataEntry]

  /// The keys that say which part of a split model a file is.
  package static let splitKeys = (number: "split.no", count: "split.count", tensors: "split.tensors.count")

  /// Whether a file that starts with `start` means to be GGUF.
  public static func recognises(_ start: RawSpan) -> Bool {
    start.byteCount >= magic.count
      && magic.indices.allSatisfy { unsafe start.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == magic[$0] }
  }

  static let magic = Array("GGUF".utf8)

  /// Reads and proves the header of a file of `fileByteCount` bytes. Takes time linear in the header.
  /// - Parameter bytes: the file, or a part from its start that should hold the header whole.
  /// - Throws: `malformed` where the file breaks a rule of the format, is truncated, or exceeds a limit; `unsupported` for
  ///   a version, a type of values or a type of tensors that this build does not know.
  public static func parse(
    _ bytes: RawSpan, fileByteCount: Int, limits: Limits = Limits()
  ) throws(ModelError) -> GGUFHeader {
    var parser = GGUFHeaderParser(limits: limits)
    try parser.parse(bytes)
    let placed = try GGUFLayout.prove(
      parser.claims, dataStart: parser.dataStart, fileByteCount: fileByteCount, limits: limits)
    // Of what was said last when it was written, the last comes off first.
    let (metadata, tensors) = try GGUFScalars.decoded(GGUFTypedMetadata.decoded(parser.metadata), placed)
    return GGUFHeader(
      version: parser.version, byteOrder: parser.byteOrder, alignment: parser.alignment, dataStart: parser.dataStart,
      tensors: tensors, longArrays: parser.longArrays, end: parser.end, metadata: metadata)
  }

  /// How a file with this header is cut: the header, then the tensors that no other lies over. Those of a big-endian
  /// file are in another form where they have to be turned.
  func layout(byteCount: Int) -> FileLayout {
    var tensors: [FileLayout.Tensor] = []
    var recoded: [FileLayout.Recoded] = []
    var first = byteCount
    var end = 0
    for (number, tensor) in self.tensors.enumerated() where tensor.range.lowerBound >= max(end, self.end) {
      first = min(first, tensor.range.lowerBound)
      end = tensor.range.upperBound
      if byteOrder == .big, ByteSwap.changes(tensor.info.dtype), !tensor.range.isEmpty {
        recoded.append(FileLayout.Recoded(turned: tensor.info, number: number, at: tensor.range.lowerBound))
      } else {
        tensors.append(FileLayout.Tensor(info: tensor.info, range: tensor.range))
      }
    }
    return FileLayout(
      container: "gguf", byteCount: byteCount, tensors: tensors, recoded: recoded, headerGaps: headerGaps(until: first))
  }

  /// The header, cut around its long arrays of numbers.
  /// - Parameter next: where the first tensor begins. A header keeps its padding; what is more is another gap.
  private func headerGaps(until next: Int) -> [FileLayout.Gap] {
    var gaps: [FileLayout.Gap] = []
    var done = 0
    for array in longArrays {
      gaps.append(FileLayout.Gap(range: done..<array.range.lowerBound))
      gaps.append(array)
      done = array.range.upperBound
    }
    let padded = next - end < Self.longBytes ? next : end
    return done < padded ? gaps + [FileLayout.Gap(range: done..<padded)] : gaps
  }

  /// Fewer bytes are not worth a gap of their own.
  static let longBytes = 4096

  /// The number that `key` has in the metadata, where it is an integer that is not negative.
  package func integer(_ key: String) -> Int? {
    guard let entry = metadata.first(where: { $0.key.utf8.elementsEqual(key.utf8) }),
      case .number(let number) = entry.value,
      !number.isFloat, number.type != .bool
    else { return nil }
    return Int(number.text).flatMap { $0 >= 0 ? $0 : nil }
  }
}

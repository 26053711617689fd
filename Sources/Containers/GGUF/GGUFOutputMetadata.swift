public import TensorModel

/// What the metadata of a GGUF file says of the file itself, kept true.
public struct GGUFOutputMetadata: Sendable {
  private static let fileType = "general.file_type"
  private static let quantizationVersion = "general.quantization_version"
  /// The only one that ggml knows.
  private static let currentQuantizationVersion = UInt32(2)

  /// All that is no word on files.
  public private(set) var entries: [MetadataEntry]

  /// The metadata of a model with these tensors.
  ///
  /// - Parameters:
  ///   - tensors: what is written.
  ///   - isChanged: whether tensors have other types than the model that the metadata is from. The type of the file is
  ///     then that of most of its weights, and the version of its blocks is there if there are any; otherwise both stay
  ///     as they are.
  public init(_ metadata: [MetadataEntry], tensors: [TensorInfo], isChanged: Bool) {
    entries = metadata.filter { !Self.isSplit($0) }
    let hasBlocks = tensors.contains { $0.dtype.blockType != nil }
    if isChanged || hasBlocks && !has(Self.quantizationVersion) {
      set(Self.quantizationVersion, hasBlocks ? Self.currentQuantizationVersion : nil)
    }
    if isChanged, hasBlocks || has(Self.fileType) { set(Self.fileType, Self.fileType(of: tensors)) }
  }

  /// The metadata of each of `count` files: all of it in the first.
  public func split(into count: Int, tensors: Int) -> [[MetadataEntry]] {
    guard count > 1 else { return [entries] }
    let keys = GGUFHeader.splitKeys
    return (0..<count).map { number in
      (number == 0 ? entries : []) + [
        MetadataEntry(key: keys.number, value: .number(MetadataNumber(UInt16(number)))),
        MetadataEntry(key: keys.count, value: .number(MetadataNumber(UInt16(count)))),
        MetadataEntry(key: keys.tensors, value: .number(MetadataNumber(Int32(clamping: tensors)))),
      ]
    }
  }

  /// Whether an entry says how a model was cut: numbers under GGUF's keys.
  public static func isSplit(_ entry: MetadataEntry) -> Bool {
    guard case .number = entry.value else { return false }
    let keys = GGUFHeader.splitKeys
    return [keys.number, keys.count, keys.tensors].contains(entry.key)
  }

  private func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

  /// Puts a number in the place of the value that is there, else behind the others; nil takes it away.
  private mutating func set(_ key: String, _ number: UInt32?) {
    let place = entries.firstIndex { $0.key == key }
    guard let number else {
      if let place { entries.remove(at: place) }
      return
    }
    let entry = MetadataEntry(key: key, value: .number(MetadataNumber(number)))
    if let place { entries[place] = entry } else { entries.append(entry) }
  }

  /// The type of most elements of matrices; of all tensors where there are no matrices.
  private static func fileType(of tensors: [TensorInfo]) -> UInt32? {
    let matrices = tensors.filter { $0.shape.count >= 2 }
    var elements: [DType: Int] = [:]
    for info in matrices.isEmpty ? tensors : matrices { elements[info.dtype, default: 0] += info.elementCount }
    let most = elements.max { ($0.value, $1.key.name) < ($1.value, $0.key.name) }
    return most.flatMap(\.key.llamaFileType)
  }
}

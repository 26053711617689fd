public import TensorModel

/// GGUF files that need not exist.
///
/// Tensors lie in the order in which they are given, each padded with zeros to the alignment, the last one too.
extension FileImage {
  /// Lays out a GGUF file.
  /// - Parameters:
  ///   - tensors: numbers of tensors in `model`, which lends them in the byte order of the file.
  ///   - metadata: in the order in which it is written; `general.alignment` says how the data is aligned.
  /// - Throws: `unsupported` for types, names and metadata that GGUF lacks; `malformed` where two tensors have one name, the
  ///   alignment is none, or all together has 2^63 bytes or more.
  public init(
    gguf model: any ContainerReader, tensors: [Int], metadata: [MetadataEntry], byteOrder: ByteOrder = .little
  ) throws(ModelError) {
    let alignment = try Self.alignment(metadata)
    var names = NameIndex()
    var placed: [(info: TensorInfo, offset: Int)] = []
    placed.reserveCapacity(tensors.count)
    var end = 0
    for number in tensors {
      let info = model.catalog.tensors[number].info
      guard names.insert(info.name) == nil else {
        throw ModelError(.malformed, "two tensors are named '\(info.name)'")
      }
      placed.append((info, end))
      let (next, overflow) = end.addingReportingOverflow(info.byteCount)
      guard !overflow, next <= Int.max - alignment else { throw Self.tooLarge }
      end = next + next.padding(to: alignment)
    }
    let header = try GGUFHeaderText(
      metadata: try GGUFTypedMetadata.encoded(GGUFScalars.encoded(metadata, placed.map(\.info))), tensors: placed,
      alignment: alignment, byteOrder: byteOrder
    ).bytes
    guard end <= Int.max - header.count else { throw Self.tooLarge }
    let layout = FileLayout(
      container: "gguf", byteCount: header.count + end,
      tensors: placed.map {
        let start = header.count + $0.offset
        return .init(info: $0.info, range: start..<(start + $0.info.byteCount))
      })
    self.init(model, layout: layout, sources: tensors, headerBytes: header, metadata: metadata)
  }

  private static let tooLarge = ModelError(.malformed, "the tensors have 2^63 bytes or more together")

  /// What `general.alignment` says; 32 where it is not there.
  private static func alignment(_ metadata: [MetadataEntry]) throws(ModelError) -> Int {
    guard let value = metadata.first(where: { $0.key == "general.alignment" })?.value else {
      return GGUFLimits.standardAlignment
    }
    guard case .number(let number) = value, number.type == .u32, number.bits.nonzeroBitCount == 1 else {
      throw ModelError(.malformed, "'general.alignment' is no power of two of type u32")
    }
    return Int(number.bits)
  }
}

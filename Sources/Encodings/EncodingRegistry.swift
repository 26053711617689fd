/// Every encoding of this build. A newcomer is one line here, and the contract tests find it.
public enum EncodingRegistry {
  public static let all: [any Encoding] = [
    NoMask(),
    Bitmask(),
    GapsMask(),
    RawEncoding(),
    ConstantEncoding(),
    BytesEncoding(),
    PlanesEncoding(),
    FusedEncoding(),
    PaletteEncoding(),
    GridEncoding(),
    RowsEncoding(),
    BlocksEncoding(),
    DeltaEncoding(),
    SortedEncoding(),
    GroupsMask(),
  ]

  /// The ids in the order of `all`: what a written file's list of encodings is.
  public static let names: [String] = all.map(\.id)

  public static func named(_ id: String) -> (any Encoding)? { byName[id] }

  static func number(of id: String) -> Int {
    guard let number = names.firstIndex(of: id) else { preconditionFailure("'\(id)' is not registered") }
    return number
  }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
}

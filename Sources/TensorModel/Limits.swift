/// Ceilings for what a reader believes of a file. One value is handed to every reader.
public struct Limits: Sendable {
  /// Bytes of a header: 100,000,000, as the reference implementation of safetensors has it.
  public var headerBytes = 100_000_000
  /// How deep JSON may nest, as the reference implementation has it.
  public var jsonDepth = 128
  /// Dimensions of one tensor.
  public var rank = 1024
  /// Files of one sharded checkpoint or folder.
  public var files = 1_000_000
  /// How many times larger than the packed file its content may be before `unpack` asks.
  public var expansion = 1000

  public init() {}
}

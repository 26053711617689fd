/// What is asked of the pruning in a conversion.
public struct PruningRequest: Sendable {
  public var spec: PruningSpec
  /// The norms of the inputs, for methods that need them.
  public var activations: ActivationNorms?
  public var threads: Int
  /// Is told, before the tensors are read, how many bytes are pruned; what it gives is told of those that are decided, from
  /// any thread.
  public var begin: @Sendable (_ totalBytes: Int) -> @Sendable (_ bytes: Int) -> Void

  public init(
    _ spec: PruningSpec, activations: ActivationNorms? = nil, threads: Int,
    begin: @escaping @Sendable (_ totalBytes: Int) -> @Sendable (_ bytes: Int) -> Void = { _ in { _ in } }
  ) {
    self.spec = spec
    self.activations = activations
    self.threads = threads
    self.begin = begin
  }
}

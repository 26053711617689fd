public import Containers
import Encodings
import Glibc
import Kernels
public import TensorModel

/// What is asked of the quantising in a conversion.
public struct QuantizationRequest: Sendable {
  public var spec: QuantizationSpec
  public var threads: Int
  /// Is told, before the tensors are read, how many bytes are quantised; what it gives is told of those that are decided,
  /// from any thread.
  public var begin: @Sendable (_ totalBytes: Int) -> @Sendable (_ bytes: Int) -> Void

  public init(
    _ spec: QuantizationSpec, threads: Int,
    begin: @escaping @Sendable (_ totalBytes: Int) -> @Sendable (_ bytes: Int) -> Void = { _ in { _ in } }
  ) {
    self.spec = spec
    self.threads = threads
    self.begin = begin
  }
}

/// What quantising does to each tensor of a model: decided and counted in full before anything is written.
///
/// Elements stay of their type; each is level × scale, multiplied in f32 and rounded to the type. NaN and infinite elements
/// stay as they are and have no part in scales. Planning reads the tensors that are quantised once, and once more where a
/// scale serves more than a group or a row, or a palette is sought. The plan holds a palette for each tensor, or the scales
/// of blocks that are higher than a row.
public struct QuantizationPlan: Sendable {
  public let spec: QuantizationSpec
  /// What became of each tensor, in the order of the catalog.
  public let outcomes: [WeightOutcome<QuantizationCounts>]
  /// Nil for tensors that are left alone.
  let rules: [(any WeightRule)?]

  /// Plans the quantising of `reader`. The plan is the same for any number of threads.
  /// - Throws: what reading throws; `usage` where no tensor is quantised.
  public static func make(
    _ reader: any ContainerReader, _ request: QuantizationRequest,
    _ scope: WeightScope = WeightScope(NameFilter(), .quantization)
  ) throws(ModelError) -> QuantizationPlan {
    let candidates = try WeightCandidates(reader, scope)
    return try within(reader.path) { () throws(ModelError) in
      let (rules, outcomes) = try candidates.decide(threads: request.threads, request.begin) {
        (number, walk, workspace) throws(ModelError) in
        let rule = try request.spec.rule(for: candidates.members[number], walk, workspace)
        return (rule, try QuantizationCounts(walk, rule, workspace))
      }
      return QuantizationPlan(spec: request.spec, outcomes: outcomes, rules: rules)
    }
  }

  /// Of all tensors that are quantised.
  public var totals: QuantizationCounts {
    var totals = QuantizationCounts()
    for case .changed(let counts) in outcomes { totals.add(counts) }
    return totals
  }
}

/// What quantising did to some elements. Sums are over finite elements.
public struct QuantizationCounts: Hashable, Sendable {
  public private(set) var elements = 0
  /// Zeros of either sign.
  public private(set) var zerosBefore = 0
  public private(set) var zeros = 0
  public private(set) var error = QuantizationError()

  init() {}

  /// Counts what a rule makes of a tensor.
  init(_ walk: TensorWalk, _ rule: any WeightRule, _ workspace: WeightWorkspace) throws(ModelError) {
    // Zeros stay zeros.
    if try walk.isKnownToBeZero() {
      (elements, zerosBefore, zeros) = (walk.info.elementCount, walk.info.elementCount, walk.info.elementCount)
      return
    }
    try walk.forEachPiece(under: rule, isLast: true) { (bytes, elements) throws(ModelError) in
      try rule.apply(bytes, elements, workspace)
      let output = workspace.output
      add(bytes, unsafe output.span.bytes.extracting(first: bytes.byteCount), walk.type.order)
    }
  }

  private mutating func add(_ before: RawSpan, _ after: RawSpan, _ order: MagnitudeOrder) {
    let count = before.byteCount / order.dtype.blockBytes
    let errors = CompareErrors.errors(before, order.dtype, after, order.dtype, elements: count)
    elements += count
    zerosBefore += PruneMagnitude.count(of: 0, in: before, order)
    zeros += PruneMagnitude.count(of: 0, in: after, order)
    error.add(QuantizationError(errors))
  }

  /// Adds those of other elements. The sums depend on the order of the additions.
  mutating func add(_ other: QuantizationCounts) {
    elements += other.elements
    zerosBefore += other.zerosBefore
    zeros += other.zeros
    error.add(other.error)
  }
}

extension QuantizationSpec {
  /// The rule for one tensor, for which it is read where scales or a palette are to be found.
  fileprivate func rule(
    for candidate: WeightCandidate, _ walk: TensorWalk, _ workspace: WeightWorkspace
  ) throws(ModelError) -> QuantizationRule {
    guard let numbers = QuantizedNumbers(candidate.info.dtype) else { preconditionFailure("a type of no numbers") }
    // What holds nothing but zeros keeps them, whatever the method.
    if try walk.isKnownToBeZero() { return QuantizationRule(numbers, palette: [0], candidate.matrix) }
    let levels: QuantizationLevels
    switch method {
    case .integer(let bits, let isSymmetric): levels = .integers(bits: bits, isSymmetric: isSymmetric)
    case .ternary: levels = .ternary
    case .normalFloat4: levels = .normalFloat4
    case .microscalingFloat4: levels = .floats(.e2m1, hasPowersOfTwo: true)
    case .float8: levels = .floats(.e4m3, hasPowersOfTwo: false)
    case .palette(let size):
      let palette = try palette(size, numbers, walk, workspace)
      return QuantizationRule(numbers, palette: palette, candidate.matrix)
    }
    var rule = QuantizationRule(numbers, levels, self, candidate.matrix)
    if rule.needsScales { try rule.findScales(walk, workspace) }
    return rule
  }

  private func palette(
    _ size: Int, _ numbers: QuantizedNumbers, _ walk: TensorWalk, _ workspace: WeightWorkspace
  ) throws(ModelError) -> [Float] {
    var histogram = NumberHistogram()
    try walk.forEachPiece { (bytes, elements) throws(ModelError) in
      workspace.numbers.grow(to: elements.count)
      numbers.load(bytes, into: &workspace.numbers)
      histogram.add(workspace.numbers, count: elements.count)
    }
    guard let type = GridKind(ElementType(numbers.dtype)) else { preconditionFailure("a type without grids") }
    return PaletteSelection(histogram).values(size, roundedTo: type)
  }
}

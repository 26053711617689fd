public import Containers
import Kernels
public import TensorModel

/// What pruning does to each tensor of a model: decided and counted in full before anything is written.
///
/// It holds a few numbers for each tensor, and for blocks and rows one bit for each of these. Planning reads the tensors
/// that are pruned at least once, to count what becomes of them; the methods say how often more they are read to decide.
public struct PruningPlan: Sendable {
  public let spec: PruningSpec
  /// What became of each tensor, in the order of the catalog.
  public let outcomes: [Outcome]
  /// Nil for tensors that are left alone.
  let rules: [(any WeightRule)?]

  public typealias Outcome = WeightOutcome<PruningCounts>

  /// Plans the pruning of `reader`. The plan is the same for any number of threads.
  /// - Throws: what reading throws; `usage` where no tensor is pruned, and where norms of the inputs are needed and not
  ///   there, or there and not needed.
  public static func make(
    _ reader: any ContainerReader, _ request: PruningRequest, _ scope: WeightScope = WeightScope()
  ) throws(ModelError) -> PruningPlan {
    let planner = try PruningPlanner(reader, request, scope)
    return try within(reader.path) { () throws(ModelError) in try planner.plan(request.begin) }
  }

  /// Of all tensors that are pruned.
  public var totals: PruningCounts {
    var totals = PruneTally()
    for case .changed(let counts) in outcomes { totals.add(counts.tally) }
    return PruningCounts(tally: totals)
  }

  /// The number of tensors whose rows end in inputs that fill no group, and the first of them; nil where there are none.
  /// - Parameter catalog: of the model that the plan was made for.
  public func tensorsWithTails(_ catalog: Catalog) -> (first: String, count: Int)? {
    let tailed = rules.indices.filter { (rules[$0] as? GroupRule)?.hasTail == true }
    return tailed.first.map { (catalog.tensors[$0].info.name, tailed.count) }
  }
}

/// What pruning did to some elements.
public struct PruningCounts: Hashable, Sendable {
  let tally: PruneTally

  public var elements: Int { tally.elementCount }
  /// Zeros of either sign.
  public var zerosBefore: Int { tally.zerosBefore }
  public var zeros: Int { tally.zerosAfter }
  /// Elements that were something else and are zero now.
  public var zeroed: Int { zeros - zerosBefore }
  /// ‖W − W'‖ / ‖W‖ by the Frobenius norm over finite elements.
  public var relativeError: Double { tally.relativeError }
}

/// Decides on the tensors of one model.
private struct PruningPlanner: Sendable {
  private let spec: PruningSpec
  private let threads: Int
  private let candidates: WeightCandidates
  /// Per candidate.
  private let norms: [TensorNorms?]

  init(_ reader: any ContainerReader, _ request: PruningRequest, _ scope: WeightScope) throws(ModelError) {
    let spec = request.spec
    let candidates = try WeightCandidates(reader, scope) { Self.misfit($0, spec.method) }
    guard spec.usesActivations == (request.activations != nil) else {
      throw ModelError(.usage, "'\(spec)' \(spec.usesActivations ? "needs" : "does not use") the norms of the inputs")
    }
    norms =
      try request.activations?.norms(for: candidates.members.map { ($0.info.name, $0.matrix.columns) })
      ?? candidates.members.map { _ in nil }
    self.spec = spec
    threads = request.threads
    self.candidates = candidates
  }

  /// Bytes of a group's unit, or of a row that is compared as a whole.
  private static let mostContextBytes = 8 << 20

  /// Why the shape doesn't fit the method.
  private static func misfit(_ candidate: WeightCandidate, _ method: PruningSpec.Method) -> WeightScope.Exemption? {
    let matrix = candidate.matrix
    func isLong(_ elements: Int) -> Bool { elements > mostContextBytes / candidate.type.width }
    switch method {
    case .magnitude, .global, .rows: return nil
    case .groups(_, let size), .wandaGroups(_, let size):
      if matrix.columns / matrix.stride < size { return .shortRows }
      if case .wandaGroups = method, isLong(matrix.columns) { return .longRows }
      return isLong(size * matrix.stride) ? .longRows : nil
    case .blocks(let rows, let columns, _):
      return BlockGrid(matrix, rows: rows, columns: columns).blocksAcross > BlockSelection.mostBlocksAcross
        ? .longRows : nil
    case .wanda: return isLong(matrix.columns) ? .longRows : nil
    }
  }

  func plan(_ begin: (Int) -> @Sendable (Int) -> Void) throws(ModelError) -> PruningPlan {
    let globalCuts = try globalCuts()
    let (rules, outcomes) = try candidates.decide(threads: threads, begin) {
      (number, walk, workspace) throws(ModelError) in try decide(number, walk, globalCuts?[number], workspace)
    }
    return PruningPlan(spec: spec, outcomes: outcomes, rules: rules)
  }

  private func decide(
    _ number: Int, _ walk: TensorWalk, _ globalCut: MagnitudeCut?, _ workspace: WeightWorkspace
  ) throws(ModelError) -> (rule: any WeightRule, counts: PruningCounts) {
    // What holds nothing but zeros keeps them, whatever the method.
    if try walk.isKnownToBeZero() {
      return (
        MagnitudeCut(type: walk.type, magnitude: 0, end: 0),
        PruningCounts(tally: PruneTally(zeros: walk.info.elementCount))
      )
    }
    let (rule, tally) = try rule(number, walk, globalCut)
    if let tally {
      walk.release()
      return (rule, PruningCounts(tally: tally))
    }
    return (rule, PruningCounts(tally: try count(walk, rule, workspace)))
  }

  private func globalCuts() throws(ModelError) -> [MagnitudeCut]? {
    guard case .global(let share) = spec.method else { return nil }
    let members = candidates.members.map { GlobalSelection.Member(tensor: $0.tensor, info: $0.info, type: $0.type) }
    let count = PruningSpec.number(of: members.reduce(0) { $0 + $1.info.elementCount }, share: share)
    return try GlobalSelection(candidates.reader, members, threads: threads).cuts(zeroing: count)
  }

  /// - Returns: also what becomes of the tensor, where deciding has told.
  private func rule(
    _ number: Int, _ walk: TensorWalk, _ globalCut: MagnitudeCut?
  ) throws(ModelError) -> (rule: any PruningRule, tally: PruneTally?) {
    let type = walk.type
    let matrix = candidates.members[number].matrix
    switch spec.method {
    case .magnitude(let share):
      let count = PruningSpec.number(of: walk.info.elementCount, share: share)
      let (cut, tally) = try MagnitudeSelection(walk: walk).cut(zeroing: count)
      return (cut, tally)
    case .global:
      return (globalCut ?? MagnitudeCut(type: type, magnitude: 0, end: 0), nil)
    case .groups(let kept, let size), .wandaGroups(let kept, let size):
      return (GroupRule(type, matrix, kept: kept, of: size, norms: norms[number]), nil)
    case .blocks(let rows, let columns, let share):
      return (try blockRule(walk, BlockGrid(matrix, rows: rows, columns: columns), share), nil)
    case .rows(let share):
      return (try blockRule(walk, BlockGrid(matrix, rows: 1, columns: matrix.columns), share), nil)
    case .wanda(let share):
      guard let norms = norms[number] else { preconditionFailure("a weight without norms") }
      let count = PruningSpec.number(of: matrix.columns, share: share)
      return (RowScoreRule(type: type, matrix: matrix, count: count, norms: norms), nil)
    }
  }

  private func blockRule(_ walk: TensorWalk, _ grid: BlockGrid, _ share: Double) throws(ModelError) -> BlockRule {
    let zeroed = try BlockSelection(walk: walk, grid: grid).zeroed(PruningSpec.number(of: grid.count, share: share))
    return BlockRule(type: walk.type, grid: grid, zeroed: zeroed)
  }

  private func count(
    _ walk: TensorWalk, _ rule: any PruningRule, _ workspace: WeightWorkspace
  ) throws(ModelError) -> PruneTally {
    var tally = PruneTally()
    try walk.forEachPiece(under: rule, isLast: true) { (bytes, elements) throws(ModelError) in
      tally.add(try rule.tally(bytes, elements, workspace))
    }
    return tally
  }
}

public import Containers
import Kernels
import Packing
import Synchronization
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
  let rules: [(any PruningRule)?]

  public enum Outcome: Hashable, Sendable {
    case pruned(PruningCounts)
    case left(PruningScope.Exemption)
  }

  /// Plans the pruning of `reader`. The plan is the same for any number of threads.
  /// - Throws: what reading throws; `usage` where no tensor is pruned, and where norms of the inputs are needed and not
  ///   there, or there and not needed.
  public static func make(
    _ reader: any ContainerReader, _ request: PruningRequest, _ scope: PruningScope = PruningScope()
  ) throws(ModelError) -> PruningPlan {
    let planner = try PruningPlanner(reader, request, scope)
    return try within(reader.path) { () throws(ModelError) in try planner.plan(request.begin) }
  }

  /// Of all tensors that are pruned.
  public var totals: PruningCounts {
    var totals = PruneTally()
    for case .pruned(let counts) in outcomes { totals.add(counts.tally) }
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
  private let reader: any ContainerReader
  private let spec: PruningSpec
  private let threads: Int
  private let candidates: [Candidate]
  private let exemptions: [PruningScope.Exemption?]

  /// A tensor that is pruned.
  private struct Candidate: Sendable {
    let tensor: Int
    let info: TensorInfo
    let type: PrunedType
    let matrix: PruningMatrix
    var norms: TensorNorms?
  }

  init(_ reader: any ContainerReader, _ request: PruningRequest, _ scope: PruningScope) throws(ModelError) {
    let spec = request.spec
    var names = NameIndex()
    for tensor in reader.catalog.tensors { _ = names.insert(tensor.info.name) }
    var candidates: [Candidate] = []
    var exemptions: [PruningScope.Exemption?] = []
    for (number, entry) in reader.catalog.tensors.enumerated() {
      var exemption = scope.exemption(of: entry.info) { names[$0] != nil }
      if exemption == nil, let type = PrunedType(entry.info.dtype) {
        let candidate = Candidate(tensor: number, info: entry.info, type: type, matrix: PruningMatrix(entry.info))
        exemption = Self.misfit(candidate, spec.method)
        if exemption == nil { candidates.append(candidate) }
      }
      exemptions.append(exemption)
    }
    guard !candidates.isEmpty else { throw Self.nothingToPrune(exemptions).inside(reader.path) }
    guard spec.usesActivations == (request.activations != nil) else {
      throw ModelError(.usage, "'\(spec)' \(spec.usesActivations ? "needs" : "does not use") the norms of the inputs")
    }
    if let activations = request.activations {
      let norms = try activations.norms(for: candidates.map { ($0.info.name, $0.matrix.columns) })
      for index in candidates.indices { candidates[index].norms = norms[index] }
    }
    self.reader = reader
    self.spec = spec
    threads = request.threads
    self.candidates = candidates
    self.exemptions = exemptions
  }

  private static func nothingToPrune(_ exemptions: [PruningScope.Exemption?]) -> ModelError {
    let reasons = PruningScope.Exemption.allCases.compactMap { exemption in
      let count = exemptions.count { $0 == exemption }
      return count == 0 ? nil : "\(count) \(exemption.description)"
    }
    return ModelError(
      .usage, "no tensor is pruned" + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: ", ")),
      hint: "--only names those that are")
  }

  /// Bytes of a group's unit, or of a row that is compared as a whole.
  private static let mostContextBytes = 8 << 20

  /// Why the shape doesn't fit the method.
  private static func misfit(_ candidate: Candidate, _ method: PruningSpec.Method) -> PruningScope.Exemption? {
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
    let progress = begin(candidates.reduce(0) { $0 + $1.info.byteCount })
    let globalCuts = try globalCuts()
    let results = Mutex<[(rule: any PruningRule, counts: PruningCounts)?]>(candidates.map { _ in nil })
    try Pump.run(items: candidates.count, threads: threads) { () throws(ModelError) in
      (session: reader.makeSession(), workspace: PruningWorkspace())
    } work: { (worker, number) throws(ModelError) in
      let candidate = candidates[number]
      let walk = TensorWalk(
        session: worker.session, tensor: candidate.tensor, info: candidate.info, type: candidate.type)
      try within("tensor '\(candidate.info.name)'") { () throws(ModelError) in
        let result = try decide(candidate, walk, globalCuts?[number], worker.workspace)
        results.withLock { $0[number] = result }
      }
      progress(candidate.info.byteCount)
    }
    var rules: [(any PruningRule)?] = exemptions.map { _ in nil }
    var outcomes = exemptions.map { PruningPlan.Outcome.left($0 ?? .empty) }
    for (candidate, result) in zip(candidates, results.withLock({ $0 })) {
      guard let result else { continue }
      rules[candidate.tensor] = result.rule
      outcomes[candidate.tensor] = .pruned(result.counts)
    }
    return PruningPlan(spec: spec, outcomes: outcomes, rules: rules)
  }

  private func decide(
    _ candidate: Candidate, _ walk: TensorWalk, _ globalCut: MagnitudeCut?, _ workspace: PruningWorkspace
  ) throws(ModelError) -> (rule: any PruningRule, counts: PruningCounts) {
    // What holds nothing but zeros keeps them, whatever the method.
    if try walk.isKnownToBeZero() {
      return (
        MagnitudeCut(type: candidate.type, magnitude: 0, end: 0),
        PruningCounts(tally: PruneTally(zeros: candidate.info.elementCount))
      )
    }
    let (rule, tally) = try rule(for: candidate, walk, globalCut)
    if let tally {
      walk.release()
      return (rule, PruningCounts(tally: tally))
    }
    return (rule, PruningCounts(tally: try count(walk, rule, workspace)))
  }

  private func globalCuts() throws(ModelError) -> [MagnitudeCut]? {
    guard case .global(let share) = spec.method else { return nil }
    let members = candidates.map { GlobalSelection.Member(tensor: $0.tensor, info: $0.info, type: $0.type) }
    let count = PruningSpec.number(of: members.reduce(0) { $0 + $1.info.elementCount }, share: share)
    return try GlobalSelection(reader, members, threads: threads).cuts(zeroing: count)
  }

  /// - Returns: also what becomes of the tensor, where deciding has told.
  private func rule(
    for candidate: Candidate, _ walk: TensorWalk, _ globalCut: MagnitudeCut?
  ) throws(ModelError) -> (rule: any PruningRule, tally: PruneTally?) {
    let type = candidate.type
    let matrix = candidate.matrix
    switch spec.method {
    case .magnitude(let share):
      let count = PruningSpec.number(of: candidate.info.elementCount, share: share)
      let (cut, tally) = try MagnitudeSelection(walk: walk).cut(zeroing: count)
      return (cut, tally)
    case .global:
      return (globalCut ?? MagnitudeCut(type: type, magnitude: 0, end: 0), nil)
    case .groups(let kept, let size), .wandaGroups(let kept, let size):
      return (GroupRule(type, matrix, kept: kept, of: size, norms: candidate.norms), nil)
    case .blocks(let rows, let columns, let share):
      return (try blockRule(walk, BlockGrid(matrix, rows: rows, columns: columns), share), nil)
    case .rows(let share):
      return (try blockRule(walk, BlockGrid(matrix, rows: 1, columns: matrix.columns), share), nil)
    case .wanda(let share):
      guard let norms = candidate.norms else { preconditionFailure("a weight without norms") }
      let count = PruningSpec.number(of: matrix.columns, share: share)
      return (RowScoreRule(type: type, matrix: matrix, count: count, norms: norms), nil)
    }
  }

  private func blockRule(_ walk: TensorWalk, _ grid: BlockGrid, _ share: Double) throws(ModelError) -> BlockRule {
    let zeroed = try BlockSelection(walk: walk, grid: grid).zeroed(PruningSpec.number(of: grid.count, share: share))
    return BlockRule(type: walk.type, grid: grid, zeroed: zeroed)
  }

  private func count(
    _ walk: TensorWalk, _ rule: any PruningRule, _ workspace: PruningWorkspace
  ) throws(ModelError) -> PruneTally {
    var tally = PruneTally()
    try walk.forEachPiece(under: rule, isLast: true) { (bytes, elements) throws(ModelError) in
      tally.add(try rule.tally(bytes, elements, workspace))
    }
    return tally
  }
}

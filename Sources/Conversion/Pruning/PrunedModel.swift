public import Containers

/// A model whose tensors are pruned as a plan says.
public typealias PrunedModel = RewrittenModel<PruningPlan>

extension RewrittenModel<PruningPlan> {
  /// - Precondition: `plan` was made for `base`.
  public convenience init(_ base: any ContainerReader, _ plan: PruningPlan) { self.init(base, plan, rules: plan.rules) }
}

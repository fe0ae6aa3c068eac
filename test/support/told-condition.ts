import type {Condition} from '../../dist/models/condition';

/** A condition as one line of text. */
export function told(condition: Condition): string {
  switch (condition.kind) {
    case 'compare': {
      const {column, path, comparison} = condition;
      const property = [column.property, ...path].join('.');
      return [property, comparison.operator, JSON.stringify(comparison.value)].join(' ');
    }
    case 'words':
      return `words ${condition.text}${condition.prefix ? '*' : ''}`;
    case 'not':
      return `not(${told(condition.of)})`;
    case 'same':
      return `${condition.left.column.property} = ${condition.right.column.property}`;
    case 'entitiesOf':
      return `entities of ${told(condition.of)}`;
    default:
      return `${condition.kind}(${condition.of.map(told).join(', ')})`;
  }
}

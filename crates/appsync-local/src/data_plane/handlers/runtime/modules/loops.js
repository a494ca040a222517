// What is put into the loops of a handler's code.
export { tick } from 'provision:prelude'

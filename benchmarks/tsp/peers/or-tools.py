"""OR-tools' routing solver on a matrix of int32 (argv: file, cities, seconds); prints the closed tour's length.

Seconds are of processor time, as for the others; the wall clock only stops a run that gets no processor.
"""

import array
import sys
import time

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

path, n, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
data = array.array("i")
with open(path, "rb") as file:
    data.frombytes(file.read())

manager = pywrapcp.RoutingIndexManager(n, 1, 0)
routing = pywrapcp.RoutingModel(manager)
rows = [data[i * n : (i + 1) * n].tolist() for i in range(n)]
routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(rows))
parameters = pywrapcp.DefaultRoutingSearchParameters()
parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
parameters.time_limit.FromMilliseconds(int(30000 * seconds))

solver = routing.solver()
begin = None


def used_up():
    # The limit is first asked when the search begins: setting up is free.
    global begin
    begin = begin if begin is not None else time.process_time()
    return time.process_time() - begin > seconds


routing.AddSearchMonitor(solver.CustomLimit(used_up))
solution = routing.SolveWithParameters(parameters)
print(solution.ObjectiveValue() if solution else "none", time.process_time() - (begin or time.process_time()))

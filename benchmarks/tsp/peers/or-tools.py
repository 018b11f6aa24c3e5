"""OR-tools' routing solver on a matrix of int32 (argv: file, cities, seconds); prints the closed tour's length."""

import array
import sys

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
parameters.time_limit.FromMilliseconds(int(1000 * seconds))
solution = routing.SolveWithParameters(parameters)
print(solution.ObjectiveValue() if solution else "none")
